namespace LucidTls.Cli;

/// <summary>Ends the command with a sentence for its user and an exit code.</summary>
internal class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode => exitCode;
}
