using LucidTls.BogoShim;

// The exit codes are the runner's: 89 says that the shim does not know a flag.
const int Failed = 1;
const int NotImplemented = 89;

if (args is ["-is-handshaker-supported", ..])
{
    Console.Out.WriteLine("No");
    return 0;
}
try
{
    var (initial, resume, retry) = ShimFlags.Parse(args);
    await new ShimRun(initial, resume, retry).RunAsync();
    return 0;
}
catch (UnknownFlagException exception)
{
    Console.Error.WriteLine(exception.Message);
    return NotImplemented;
}
catch (Exception exception)
{
    Console.Error.WriteLine(ShimErrors.Describe(exception));
    return Failed;
}
