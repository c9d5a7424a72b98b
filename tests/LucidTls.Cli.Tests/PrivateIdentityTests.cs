using System.Security.Cryptography.X509Certificates;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Trust;

namespace LucidTls.Cli.Tests;

public sealed class PrivateIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _folder.Dispose();

    private PrivateIdentity Open(string hostName = "workbench") => PrivateIdentity.Open(DataFolder.Open(_folder.Path), hostName, _clock);

    private X509Certificate2 Authority => X509CertificateLoader.LoadCertificateFromFile(_folder["ca.pem"]);

    private static bool Verifies(PrivateIdentity identity, X509Certificate2 authority, DateTimeOffset time)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(identity.Identity.Chain[0].Span);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.1"));
        return chain.Build(leaf);
    }

    [Fact]
    public void The_certificate_is_for_this_machine_for_90_days_and_the_platform_accepts_it()
    {
        var identity = Open();
        var leaf = CertificateFacts.Of(identity.Identity.Chain[0]);

        Assert.True(identity.IsAuthorityNew);
        Assert.Equal(["localhost", "workbench", "127.0.0.1", "::1"], leaf.Names);
        Assert.Equal(_clock.Now.AddDays(90).Date, leaf.NotAfter.UtcDateTime.Date);
        Assert.False(leaf.IsAuthority);
        Assert.True(Verifies(identity, Authority, _clock.Now));
        Assert.Single(identity.Identity.Chain);
    }

    [Fact]
    public void The_authority_lives_for_10_years_and_can_vouch_for_this_machine_alone()
    {
        Open();
        using var authority = Authority;

        Assert.Equal(_clock.Now.AddYears(10).Date, authority.NotAfter.ToUniversalTime().Date);
        var constraints = authority.Extensions["2.5.29.30"];
        Assert.NotNull(constraints);
        Assert.True(constraints.Critical);
        Assert.True(NameConstraints.Permits(authority, "localhost"));
        Assert.True(NameConstraints.Permits(authority, "app.localhost"));
        Assert.True(NameConstraints.Permits(authority, "workbench"));
        Assert.False(NameConstraints.Permits(authority, "example.org"));
        Assert.False(NameConstraints.Permits(authority, "notlocalhost"));
    }

    [Fact]
    public void A_certificate_is_kept_until_it_is_due_and_then_replaced_while_the_server_runs()
    {
        var identity = Open();
        var first = identity.Select();

        _clock.Now += TimeSpan.FromDays(59);
        Assert.Same(first, identity.Select());
        Assert.Equal(first.Chain[0].ToArray(), Open().Identity.Chain[0].ToArray());

        _clock.Now += TimeSpan.FromDays(2);
        var second = identity.Select();
        Assert.NotEqual(first.Chain[0].ToArray(), second.Chain[0].ToArray());
        Assert.True(Verifies(identity, Authority, _clock.Now));
        Assert.Same(second, identity.Select());
    }

    [Fact]
    public void A_damaged_certificate_is_replaced_and_the_authority_kept()
    {
        Open();
        using var authority = Authority;
        File.WriteAllText(_folder["server.pem"], "not a certificate");

        var identity = Open();

        Assert.False(identity.IsAuthorityNew);
        Assert.True(Verifies(identity, authority, _clock.Now));
    }

    [Fact]
    public void A_certificate_of_another_authority_is_replaced()
    {
        Open();
        File.Delete(_folder["ca.pem"]);
        File.Delete(_folder["ca.key"]);

        var identity = Open();

        Assert.True(identity.IsAuthorityNew);
        Assert.True(Verifies(identity, Authority, _clock.Now));
    }

    [Fact]
    public void A_host_that_was_renamed_gets_a_certificate_without_the_name_that_its_authority_may_not_vouch_for()
    {
        Open();

        var identity = Open("renamed");

        Assert.Equal(["localhost", "127.0.0.1", "::1"], identity.Names);
        Assert.True(Verifies(identity, Authority, _clock.Now));
    }

    [Theory]
    [InlineData("has_underscore")]
    [InlineData("localhost")]
    [InlineData("")]
    [InlineData("192.0.2.1")]
    [InlineData("trailing.")]
    public void A_host_name_that_no_certificate_can_carry_is_left_out(string hostName) => Assert.Equal(["localhost"], MachineNames.Dns(hostName));

    [Fact]
    public void An_authority_near_its_end_is_replaced()
    {
        Open();
        _clock.Now = _clock.Now.AddYears(10).AddDays(-10);

        Assert.True(Open().IsAuthorityNew);
    }

    [Fact]
    public void A_certificate_does_not_outlive_its_authority()
    {
        Open();
        _clock.Now = _clock.Now.AddYears(10).AddDays(-40);

        var identity = Open();

        Assert.False(identity.IsAuthorityNew);
        Assert.Equal(Authority.NotAfter.ToUniversalTime(), CertificateFacts.Of(identity.Identity.Chain[0]).NotAfter.UtcDateTime);
    }

    [Fact]
    public void A_key_that_others_could_read_is_closed_to_them()
    {
        if (OperatingSystem.IsWindows())
            return;
        Open();
        File.SetUnixFileMode(_folder["ca.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Open();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["ca.key"]));
    }

    [Fact]
    public async Task A_lock_that_is_held_keeps_others_out_until_it_is_released()
    {
        var folder = DataFolder.Open(_folder.Path);
        var held = folder.Lock();
        var second = Task.Run(folder.Lock, TestContext.Current.CancellationToken);

        Assert.False(second.IsCompleted);
        held.Dispose();
        (await second).Dispose();
    }

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
