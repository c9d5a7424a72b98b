using System.Security.Cryptography.X509Certificates;
using LucidTls.AspNetCore.Configuration;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Files that change in the very moment in which they are read.</summary>
public sealed class ChangingFileTests : IDisposable
{
    private const string Changed = "ConfigurationChanged";

    private readonly CertificateFolder _files = new();
    private readonly LogLines _log = new();
    private readonly KeptTimers _time = new();
    private readonly List<string> _read = [];

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task What_is_changed_after_it_was_read_is_not_served_and_its_successor_is()
    {
        Issue("server", "CN=first");
        await using var configured = Watch(file =>
        {
            var identity = file.Load();
            if (SubjectOf(identity) == "CN=second")
                Issue("server", "CN=third");
            return identity;
        });

        Issue("server", "CN=second");
        var line = await _log.WaitAsync(Changed);

        Assert.Contains("CN=third", line.Text, StringComparison.Ordinal);
        Assert.Equal("CN=third", SubjectOf(Assert.Single(configured.Current.Identities)));
        Assert.Contains("CN=second", _read);
        Assert.Single(_log.Ours);
    }

    [Fact]
    public async Task A_key_that_comes_between_chain_and_key_is_no_error_when_the_chain_follows()
    {
        Issue("server", "CN=first");
        var isTorn = false;
        await using var configured = Watch(file =>
        {
            if (isTorn || _read.Count == 0 || SubjectOf(file.Load()) != "CN=second")
                return file.Load();
            // The new key is there, its chain is not: as a reader finds them whom a writer overtakes.
            isTorn = true;
            var chain = File.ReadAllText(_files.Path("server.pem"));
            Issue("server", "CN=third");
            return (file with { Path = null, KeyPath = null, Pem = chain, KeyPem = File.ReadAllText(_files.Path("server.key")) }).Load();
        });

        Issue("server", "CN=second");
        await _log.WaitAsync(Changed);

        Assert.True(isTorn);
        Assert.Equal("CN=third", SubjectOf(Assert.Single(configured.Current.Identities)));
        Assert.Empty(_log.Problems);
    }

    [Fact]
    public async Task What_is_not_served_since_it_changed_gets_no_more_staples()
    {
        Issue("server", "CN=first", stapled: true);
        await using var configured = Watch(file =>
        {
            var identity = file.Load();
            if (SubjectOf(identity) == "CN=second")
                Issue("server", "CN=third", stapled: true);
            return identity;
        });

        Issue("server", "CN=second", stapled: true);
        await _log.WaitAsync(Changed);

        Assert.Contains("CN=second", _read);
        await _time.WaitAsync(kept: 1, ended: 2);
    }

    [Fact]
    public async Task What_is_not_served_since_another_file_is_bad_gets_no_more_staples()
    {
        Issue("server", "CN=first", stapled: true);
        Issue("a", "CN=a");
        await using var configured = Watch(file =>
        {
            // By then the other one waits for its next question.
            if (file.Path == _files.Path("a.pem") && File.ReadAllText(file.Path) == "nonsense")
                _time.WaitAsync(kept: 2, ended: 0).GetAwaiter().GetResult();
            return file.Load();
        }, ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")));

        _files.Write("a.pem", "nonsense");
        Issue("server", "CN=second", stapled: true);
        await _log.WaitAsync("ConfigurationRefused");

        Assert.Contains("CN=second", _read);
        Assert.Equal("CN=first", SubjectOf(Assert.Single(configured.Current.Identities)));
        await _time.WaitAsync(kept: 1, ended: 1);
    }

    private ConfiguredTls Watch(Func<CertificateFile, TlsIdentity> load, params IEnumerable<(string Key, string? Value)> more)
    {
        IEnumerable<(string Key, string? Value)> settings = [("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("OcspPrivateResponders", "true"), .. more];
        var section = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create("Tls:" + pair.Key, pair.Value))).Build().GetSection("Tls");
        var configured = new ConfiguredTls(section, "/", _log.CreateLogger("LucidTls.Tests"), file =>
        {
            var identity = load(file);
            _read.Add(SubjectOf(identity));
            return identity;
        }, _time);
        configured.Start(HttpProtocols.Http1);
        return configured;
    }

    /// <summary>Stapled for by a responder that is not there, and asked again and again.</summary>
    private void Issue(string file, string subject, bool stapled = false)
    {
        using var certificate = TestPki.IssueCertificate(subject, responder: stapled ? new Uri("http://127.0.0.1:9/") : null);
        using var key = certificate.GetECDsaPrivateKey()!;
        _files.Write(file + ".key", key.ExportPkcs8PrivateKeyPem());
        _files.Write(file + ".pem", certificate.ExportCertificatePem() + "\n" + TestPki.IntermediatePem);
    }

    private static string SubjectOf(TlsIdentity identity)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(identity.Chain[0].Span);
        return leaf.Subject;
    }

    /// <summary>The system's clock, which counts those who wait for half a minute or more, as staplers do between two questions.</summary>
    private sealed class KeptTimers : TimeProvider
    {
        private int _made;
        private int _ended;

        /// <summary>Waits until as many wait and as many wait no more.</summary>
        public async Task WaitAsync(int kept, int ended)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            while (Volatile.Read(ref _ended) != ended || Volatile.Read(ref _made) - ended != kept)
            {
                Assert.False(limit.IsCancellationRequested, $"Of {_made} staplers {_ended} have ended.");
                await Task.Delay(10, CancellationToken.None);
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime < TimeSpan.FromSeconds(30))
                return timer;
            Interlocked.Increment(ref _made);
            return new Counted(timer, () => Interlocked.Increment(ref _ended));
        }

        private sealed class Counted(ITimer timer, Action onEnd) : ITimer
        {
            private Action? _onEnd = onEnd;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                Interlocked.Exchange(ref _onEnd, null)?.Invoke();
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
