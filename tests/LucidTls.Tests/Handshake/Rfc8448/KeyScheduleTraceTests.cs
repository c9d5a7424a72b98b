using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;

namespace LucidTls.Tests.Handshake.Rfc8448;

/// <summary>Every secret of every recorded handshake, from the recorded inputs alone.</summary>
public sealed class KeyScheduleTraceTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void The_stages_give_the_recorded_secrets(int section)
    {
        var trace = Trace.Load(section);
        using var early = EarlyStage.Create(Suite, PreSharedKey(trace));
        using var shared = new Secret(trace.Get("extract secret \"handshake\"", "IKM"));
        using var handshake = early.Advance(shared);
        Check(trace.Secret("c hs traffic"), handshake.ClientTraffic(trace.HashFor("c hs traffic")));
        Check(trace.Secret("s hs traffic"), handshake.ServerTraffic(trace.HashFor("s hs traffic")));
        using var master = handshake.Advance();
        Check(trace.Secret("c ap traffic"), master.ClientTraffic(trace.HashFor("c ap traffic")));
        Check(trace.Secret("s ap traffic"), master.ServerTraffic(trace.HashFor("s ap traffic")));
        Check(trace.Secret("exp master"), master.Exporter(trace.HashFor("exp master")));
        Check(trace.Secret("res master"), master.Resumption(trace.HashFor("res master")));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void The_traffic_secrets_give_the_recorded_keys(int section)
    {
        var trace = Trace.Load(section);
        string[] steps =
        [
            "derive write traffic keys for handshake data",
            "derive write traffic keys for application data",
            .. section == 4 ? ["derive write traffic keys for early application data"] : Array.Empty<string>(),
        ];
        foreach (var step in steps)
        {
            foreach (var actor in new[] { "client", "server" }.Where(actor => trace.Has(actor, step)))
            {
                var secret = trace.Get(actor, step, "PRK");
                Assert.Equal(trace.Get(actor, step, "key expanded"), Expand(secret, "key"u8, 16));
                Assert.Equal(trace.Get(actor, step, "iv expanded"), Expand(secret, "iv"u8, 12));
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void The_Finished_messages_have_the_recorded_keys(int section)
    {
        var trace = Trace.Load(section);
        foreach (var actor in new[] { "client", "server" })
        {
            const string Step = "calculate finished \"tls13 finished\"";
            Assert.Equal(trace.Get(actor, Step, "expanded"), Expand(trace.Get(actor, Step, "PRK"), "finished"u8, 32));
            var message = trace.Messages(actor, "Finished").Single();
            Assert.Equal(trace.Get(actor, Step, "finished"), message[4..]);
        }
    }

    [Fact]
    public void Section_4_the_early_secrets_are_the_recorded_ones()
    {
        var trace = Trace.Load(4);
        using var early = EarlyStage.Create(Suite, PreSharedKey(trace));
        Check(trace.Get("calculate PSK binder", "PRK"), early.BinderKey(PskKind.Resumption));
        Check(trace.Secret("c e traffic"), early.ClientEarlyTraffic(trace.HashFor("c e traffic")));
        Check(trace.Secret("e exp master"), early.EarlyExporter(trace.HashFor("e exp master")));
    }

    [Fact]
    public void Section_4_the_binder_is_the_recorded_one()
    {
        var trace = Trace.Load(4);
        using var early = EarlyStage.Create(Suite, PreSharedKey(trace));
        var binder = new byte[32];
        PskBinder.Compute(Suite, early, PskKind.Resumption, default, trace.Get("calculate PSK binder", "ClientHello prefix"), binder);
        Assert.Equal(trace.Get("calculate PSK binder", "finished"), binder);

        var hello = trace.Get("client", "send handshake record", "payload");
        var offered = ClientHello.Parse(hello.AsMemory(4)).PreSharedKeys!;
        Assert.Equal(binder, offered.Binders.Single().ToArray());
        Assert.Equal(trace.Get("calculate PSK binder", "ClientHello prefix"), hello[..^offered.BindersLength]);
    }

    [Fact]
    public void Section_4_the_ticket_of_section_3_gives_the_key_that_is_offered()
    {
        using var resumption = new Secret(Trace.Load(3).Secret("res master"));
        using var key = ResumptionKey.Derive(Suite, resumption, [0, 0]);
        Assert.Equal(PreSharedKey(Trace.Load(4)), key.Span.ToArray());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void The_transcript_has_the_recorded_hashes(int section)
    {
        var trace = Trace.Load(section);
        using var transcript = new Transcript();
        var hellos = trace.Messages("client", "ClientHello").Zip(trace.Messages("server", "ServerHello")).ToArray();
        foreach (var (clientHello, serverHello) in hellos)
        {
            transcript.Add(clientHello);
            if (clientHello == hellos[0].First)
                transcript.Start(Suite);
            if (ServerHello.Parse(serverHello.AsMemory(4)).IsHelloRetryRequest)
                transcript.ReplaceWithMessageHash();
            transcript.Add(serverHello);
        }
        Assert.Equal(trace.HashFor("c hs traffic"), transcript.Current(new byte[64]));
        foreach (var type in new[] { "EncryptedExtensions", "CertificateRequest", "Certificate", "CertificateVerify", "Finished" })
            AddAll(transcript, trace.Messages("server", type));
        Assert.Equal(trace.HashFor("c ap traffic"), transcript.Current(new byte[64]));
        foreach (var type in new[] { "Certificate", "CertificateVerify", "Finished" })
            AddAll(transcript, trace.Messages("client", type));
        Assert.Equal(trace.HashFor("res master"), transcript.Current(new byte[64]));
    }

    private static SuiteAlgorithm Suite => CryptoProvider.Default.TryGetSuite(CipherSuite.Aes128GcmSha256, out var suite) ? suite : throw new InvalidOperationException();

    private static byte[] PreSharedKey(Trace trace) => trace.Get("extract secret \"early\"", "IKM");

    private static void AddAll(Transcript transcript, IEnumerable<byte[]> messages)
    {
        foreach (var message in messages)
            transcript.Add(message);
    }

    private static byte[] Expand(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, int length)
    {
        using var key = new Secret(secret);
        var output = new byte[length];
        Hkdf.ExpandLabel(HashAlgorithmName.SHA256, key, label, default, output);
        return output;
    }

    private static void Check(byte[] expected, Secret actual)
    {
        using (actual)
            Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(actual.Span));
    }
}
