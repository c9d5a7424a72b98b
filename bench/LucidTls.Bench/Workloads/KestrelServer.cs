using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using LucidTls.AspNetCore;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LucidTls.Bench.Workloads;

/// <summary>Kestrel that answers "hello", in a process of its own, so that what it spends is the server's alone.</summary>
internal sealed class KestrelServer : IDisposable
{
    public const string ChildMode = "kestrel-child";
    public const string Hello = "hello";

    private const string CpuQuestion = "cpu";
    private const string MemoryQuestion = "memory";

    private readonly Process _process;

    private KestrelServer(string stack, Process process, int port, byte[] root)
    {
        Stack = stack;
        _process = process;
        Port = port;
        Root = root;
    }

    public string Stack { get; }

    public int Port { get; }

    /// <summary>The root of its certificate.</summary>
    public byte[] Root { get; }

    public static async Task<KestrelServer> StartAsync(string stack)
    {
        var process = Process.Start(ChildProcess.StartInfo(ChildMode, stack)) ?? throw new InvalidOperationException("The child process did not start.");
        var words = (await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The child process for {stack} ended.")).Split(' ');
        return new KestrelServer(stack, process, int.Parse(words[0], CultureInfo.InvariantCulture), Convert.FromBase64String(words[1]));
    }

    /// <summary>What it has spent so far.</summary>
    public async Task<Cost> SpentAsync()
    {
        var numbers = await AskAsync(CpuQuestion);
        return new Cost(numbers[0], 0, numbers[1]);
    }

    /// <summary>What it holds after a collection of garbage.</summary>
    public async Task<Footprint> FootprintAsync()
    {
        var numbers = await AskAsync(MemoryQuestion);
        return new Footprint(numbers[0], numbers[1]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    public static async Task RunChildAsync(string stack)
    {
        using var pki = new TestPki();
        var certificate = pki.Leaf(KeyKind.EcdsaP256, TlsStack.HostName);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            // The client of the bench speaks HTTP/2 in a way that names the wrong scheme.
            kestrel.AllowAlternateSchemes = true;
            Configure(stack, listen, certificate);
        }));
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentLength = Hello.Length;
            return context.Response.WriteAsync(Hello);
        });
        await app.StartAsync();
        Console.WriteLine($"{new Uri(app.Urls.First()).Port} {Convert.ToBase64String(pki.Root)}");
        while (Console.ReadLine() is { } question)
        {
            var (first, second) = question == MemoryQuestion
                ? (IdleMemory.Now() is var now ? now.Resident : 0, now.Managed)
                : (Environment.CpuUsage.TotalTime.TotalSeconds, GC.GetTotalAllocatedBytes(precise: true));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{first} {second}"));
        }
    }

    private static void Configure(string stack, ListenOptions listen, TestCertificate certificate)
    {
        listen.Protocols = stack == NoTls.StackName ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
        switch (stack)
        {
            case KestrelHello.Ours:
                listen.UseLucidTls(tls => tls.Identities = [certificate.Identity()]);
                break;
            case KestrelHello.Theirs:
                // The intermediate is sent, as LucidTls does.
                var authorities = new X509Certificate2Collection();
                foreach (var authority in certificate.Chain.Skip(1))
                    authorities.Add(X509CertificateLoader.LoadCertificate(authority));
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate.ToPlatform();
                    https.ServerCertificateChain = authorities;
                });
                break;
            default:
                break;
        }
    }

    private async Task<double[]> AskAsync(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        var answer = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The child process for {Stack} ended.");
        return [.. answer.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
    }
}
