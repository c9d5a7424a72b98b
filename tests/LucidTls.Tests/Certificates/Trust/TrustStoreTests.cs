using LucidTls.Certificates;
using LucidTls.Certificates.Trust;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Trust;

/// <summary>Where trust anchors come from, and when they are read again.</summary>
public sealed class TrustStoreTests : IDisposable
{
    private static readonly string First = new TestPki().RootPem;
    private static readonly string Second = new TestPki().RootPem;

    private readonly TempFolder _folder = new();
    private readonly Clock _clock = new();
    private int _writes;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_holds_one_certificate_or_many_among_other_things()
    {
        var store = TrustStore.FromPemFile(Write("roots.pem", $"# one\n{First}-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n# two\n{Second}{First}"));
        Assert.Equal([First, Second], Pems(store));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no PEM")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")]
    public void A_file_without_a_certificate_is_an_error(string text) =>
        Assert.Throws<FormatException>(() => TrustStore.FromPemFile(Write("roots.pem", text)));

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.ThrowsAny<IOException>(() => TrustStore.FromPemFile(_folder.File("none.pem")));

    [Fact]
    public void A_folder_gives_what_all_its_files_hold()
    {
        Write("a.pem", First);
        Write("b.pem", Second);
        Write("notes.txt", "nothing");
        Directory.CreateDirectory(_folder.File("below"));
        Write("below/c.pem", new TestPki().RootPem);
        Assert.Equal([First, Second], Pems(TrustStore.FromFolder(_folder.Path)));
        Assert.Throws<FormatException>(() => TrustStore.FromFolder(Directory.CreateDirectory(_folder.File("empty")).FullName));
    }

    [Fact]
    public void A_changed_file_is_read_again_after_a_second()
    {
        var path = Write("roots.pem", First);
        var store = TrustStore.FromPemFile(path, reload: true, _clock);
        var once = TrustStore.FromPemFile(path);
        Write("roots.pem", Second);
        Assert.Equal([First], Pems(store));
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal([First], Pems(store));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([Second], Pems(store));
        Assert.Equal([First], Pems(once));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(200)]
    [InlineData(-30)]
    public void Of_a_file_half_written_nothing_is_taken(int length)
    {
        var store = TrustStore.FromPemFile(Write("roots.pem", First), reload: true, _clock);
        Write("roots.pem", Second + First[..(length < 0 ? First.Length + length : length)]);
        _clock.Advance(TimeSpan.FromSeconds(1));
        // Cut off between two blocks it looks as if it were whole.
        Assert.Equal(length == 0 ? Second : First, Assert.Single(Pems(store)));
        Write("roots.pem", Second + First);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Second, First], Pems(store));
    }

    [Fact]
    public void A_file_that_goes_away_leaves_what_it_held()
    {
        var path = Write("roots.pem", First);
        var store = TrustStore.FromPemFile(path, reload: true, _clock);
        File.Delete(path);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([First], Pems(store));
        Write("roots.pem", Second);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Second], Pems(store));
    }

    [Fact]
    public void Files_come_into_a_folder_and_go()
    {
        Write("a.pem", First);
        var store = TrustStore.FromFolder(_folder.Path, reload: true, _clock);
        Write("b.pem", Second);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([First, Second], Pems(store));
        File.Delete(_folder.File("a.pem"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Second], Pems(store));
        File.Delete(_folder.File("b.pem"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Second], Pems(store));
    }

    [Fact]
    public async Task A_verifier_trusts_what_the_file_holds_now()
    {
        using var pki = new TestPki();
        var chain = pki.Server().Chain.Select(der => (ReadOnlyMemory<byte>)der).ToList();
        var verifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromPemFile(Write("roots.pem", First), reload: true, _clock) });
        Assert.False((await VerifyAsync()).IsAccepted);
        Write("roots.pem", pki.RootPem);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await VerifyAsync()).IsAccepted);

        ValueTask<CertificateVerdict> VerifyAsync() => verifier.VerifyAsync(chain, "localhost", CertificatePurpose.Server, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void SSL_CERT_FILE_and_SSL_CERT_DIR_are_the_systems_store()
    {
        var file = Write("bundle.pem", First);
        Directory.CreateDirectory(_folder.File("d1"));
        Directory.CreateDirectory(_folder.File("d2"));
        Write("d1/a.0", Second);
        var third = new TestPki().RootPem;
        Write("d2/b.0", third);
        Assert.Equal([First], Pems(SystemStore.Read(file, null)));
        Assert.Equal([Second, third], Pems(SystemStore.Read(null, $"{_folder.File("d1")}{Path.PathSeparator}{_folder.File("d2")}{Path.PathSeparator}{_folder.File("none")}")));
        Assert.Equal([First, Second], Pems(SystemStore.Read(file, _folder.File("d1"))));
        Assert.Empty(SystemStore.Read(_folder.File("none.pem"), null).All);
    }

    [Fact]
    public void Of_the_systems_store_is_taken_what_can_be_read()
    {
        var damaged = $"{First}-----BEGIN CERTIFICATE-----\nMA!=\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n{Second}{First[..300]}";
        Assert.Equal([First, Second], Pems(SystemStore.Read(Write("bundle.pem", damaged), null)));
    }

    [Fact]
    public void The_systems_store_of_this_machine_is_read_once() =>
        Assert.Same(TrustStore.System.Anchors, TrustStore.System.Anchors);

    private static List<string> Pems(TrustStore store) => [.. store.Anchors.Select(Pem)];

    private static List<string> Pems(TrustAnchors anchors) => [.. anchors.All.Select(Pem)];

    private static string Pem(TrustAnchor anchor) => System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", anchor.Der.Span) + "\n";

    // Two writes within one tick of the file system's clock must still be two.
    private string Write(string name, string text)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(20_000).AddSeconds(_writes++));
        return path;
    }

    private sealed class Clock : TimeProvider
    {
        private long _now = 1_000_000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
