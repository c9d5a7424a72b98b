using LucidTls.Bench;
using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Reports;
using LucidTls.Bench.Stacks;
using LucidTls.Bench.Workloads;
using LucidTls.TestSupport;

BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (FormatException exception)
{
    Console.Error.WriteLine(exception.Message);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

if (options is { Mode: KestrelServer.ChildMode, ChildStack: { } kestrelStack })
{
    await KestrelServer.RunChildAsync(kestrelStack);
    return 0;
}

using var pki = new TestPki();
var server = pki.Leaf(KeyKind.EcdsaP256, TlsStack.HostName);
var client = pki.Client();
TlsStack[] stacks = [new LucidTlsStack(pki, server, client), new SslStreamStack(pki, server, client), new BouncyCastleStack(pki, server)];
if (options.ChildStack is { } name)
{
    await IdleMemory.RunChildAsync(stacks.Append(new NoTls()).Single(stack => stack.Name == name));
    return 0;
}

stacks = [.. stacks.Where(options.Includes)];
Link[] links = [new MemoryLink(), new TcpLink()];
var contest = new Contest(options.Rounds, TimeSpan.FromMilliseconds(200));
var report = new Report();
if (options.Includes("handshake"))
    report.AddHandshakes(await contest.RunAsync([.. Handshakes.Contenders(stacks, links)]));
if (options.Includes("bulk"))
    report.AddBulk(await contest.RunAsync(await Bulk.ContendersAsync(stacks, links)));
if (options.Includes("small"))
    report.AddEcho(await contest.RunAsync(await Echo.ContendersAsync([.. stacks, new NoTls()], links)));
if (options.Includes("memory"))
    report.AddMemory(await IdleMemory.MeasureAsync([.. stacks.Select(stack => stack.Name), NoTls.StackName]));
if (options.Includes("verify"))
{
    if (SystemRoots.Bundle != null)
        report.AddRoots(SystemRoots.ReadForTheFirstTime(), await contest.RunAsync([.. SystemRoots.Contenders()]));
    using var ecdsa = new ChainVerification(KeyKind.EcdsaP256);
    using var rsa = new ChainVerification(KeyKind.Rsa2048);
    report.AddVerification(await contest.RunAsync([.. ecdsa.Contenders(), .. rsa.Contenders()]));
}
if (options.Includes("kernels"))
    report.AddKernels(await contest.RunAsync([.. Kernels.Contenders()]));
if (options.Includes("kestrel"))
    report.AddKestrel(await KestrelHello.MeasureAsync(options.Rounds));
report.Save(options.OutputFolder);
foreach (var link in links)
    link.Dispose();
foreach (var stack in stacks)
    stack.Dispose();
return 0;
