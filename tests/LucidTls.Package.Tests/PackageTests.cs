using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LucidTls.TestSupport;

[assembly: AssemblyFixture(typeof(LucidTls.Package.Tests.Packages))]

namespace LucidTls.Package.Tests;

/// <summary>What a user gets from the packages.</summary>
public sealed partial class PackageTests(Packages packages)
{
    public static TheoryData<string> Libraries => [.. Packages.Libraries];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Libraries))]
    [InlineData("LucidTls.Tool")]
    public void A_package_says_what_it_is_and_shows_its_page_icon_and_licence(string id)
    {
        using var package = Open(id, "nupkg");
        using var nuspec = package.GetEntry($"{id}.nuspec")!.Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
        string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal((id, Packages.Version, "MIT"), (Value("id"), Value("version"), Value("license")));
        Assert.NotEmpty(Value("description"));
        Assert.StartsWith("# ", Text(package, Value("readme")), StringComparison.Ordinal);
        Assert.True(package.GetEntry(Value("icon"))!.Length > 0);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_library_comes_with_its_documentation_and_its_symbols(string id)
    {
        using var package = Open(id, "nupkg");
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
        Assert.Contains("<summary>", Text(package, $"lib/net10.0/{id}.xml"), StringComparison.Ordinal);
        using var symbols = Open(id, "snupkg");
        Assert.True(symbols.GetEntry($"lib/net10.0/{id}.pdb")!.Length > 0);
    }

    [Fact]
    public async Task A_new_project_installs_the_packages_and_runs_the_example_of_README()
    {
        using var pki = new TestPki();
        using var folder = new TempFolder();
        File.Copy(Path.Combine(packages.Folder, "nuget.config"), folder.File("nuget.config"));
        File.WriteAllText(folder.File("root.pem"), pki.RootPem);
        File.WriteAllText(folder.File("Example.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {string.Concat(Packages.Libraries.Select(id => $"<PackageReference Include=\"{id}\" Version=\"{Packages.Version}\" />"))}
              </ItemGroup>
            </Project>
            """);
        using var server = new Page("It came over TLS.", pki.Server().Identity());
        var example = Example().Match(File.ReadAllText(Path.Combine(Packages.Root, "README.md"))).Groups[1].Value
            .Replace("\"example.org\", 443", $"\"localhost\", {server.Port}", StringComparison.Ordinal)
            .Replace("\"example.org\"", "\"localhost\"", StringComparison.Ordinal);
        File.WriteAllText(folder.File("Program.cs"), $"using System.Net.Sockets;\nusing LucidTls;\n{example}");
        var printed = await DotNet.RunAsync(folder.Path, new Dictionary<string, string> { ["SSL_CERT_FILE"] = folder.File("root.pem") }, "run", "-c", "Release");
        Assert.Contains("It came over TLS.", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_installs_and_connects()
    {
        using var pki = new TestPki();
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("root.pem"), pki.RootPem);
        await DotNet.RunAsync(folder.Path, null, "tool", "install", "LucidTls.Tool", "--version", Packages.Version, "--tool-path", folder.File("tools"), "--configfile", Path.Combine(packages.Folder, "nuget.config"));
        using var server = new Page("Hello.", pki.Server().Identity());
        var printed = await DotNet.RunProgramAsync(Path.Combine(folder.Path, "tools", OperatingSystem.IsWindows() ? "lucidtls.exe" : "lucidtls"), folder.Path, null, "connect", $"localhost:{server.Port}", "--roots", folder.File("root.pem"));
        Assert.Contains("TLS 1.3", printed, StringComparison.Ordinal);
    }

    private ZipArchive Open(string id, string extension) => ZipFile.OpenRead(Path.Combine(packages.Folder, $"{id}.{Packages.Version}.{extension}"));

    private static string Text(ZipArchive package, string name)
    {
        using var reader = new StreamReader(package.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }

    [GeneratedRegex("```csharp\r?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    /// <summary>Answers each connection with one page.</summary>
    private sealed class Page : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TlsServerOptions _options;
        private readonly string _text;

        public Page(string text, TlsIdentity identity)
        {
            _text = text;
            _options = new TlsServerOptions { Identities = [identity] };
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync(Cancellation));
            }
            catch (Exception exception) when (exception is InvalidOperationException or SocketException or OperationCanceledException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using (client)
            {
                await using var tls = new TlsStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(_options, Cancellation);
                if (await tls.ReadAsync(new byte[4096], Cancellation) > 0)
                    await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{_text}"), Cancellation);
            }
        }
    }
}
