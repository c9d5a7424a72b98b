using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using LucidTls.Cli;
using LucidTls.Cli.Reporting;

var root = new RootCommand("TLS that explains itself: put it in front of a service, or look at a server with it.")
{
    ServeCommand.Create(),
    TunnelCommand.Create(),
    ConnectCommand.Create(),
    CertCommand.Create(),
};

var help = root.Options.OfType<HelpOption>().Single();
help.Action = new HelpWithExitCodes((HelpAction)help.Action!);

try
{
    var parsed = root.Parse(args);
    // Help goes to standard output, which is for data; whoever mistyped gets the error alone.
    if (parsed.Action is ParseErrorAction error)
        error.ShowHelp = false;
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (CliException failure)
{
    Terminal.Fail(failure.Message);
    return failure.ExitCode;
}
catch (Exception fault)
{
    Terminal.Fail($"This is a fault in lucidtls itself; please report it.\n{fault}");
    return ExitCode.Internal;
}
finally
{
    Terminal.Settle();
}
