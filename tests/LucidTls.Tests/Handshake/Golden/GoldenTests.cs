using System.Collections;
using System.Net.Security;
using System.Reflection;
using System.Text;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Tests.Handshake.Golden;

/// <summary>What is offered and accepted by default, as text: a change of a default is a diff that a reader sees.</summary>
public sealed class GoldenTests
{
    [Fact]
    public void The_default_ClientHello_is_the_one_on_record() => GoldenFile.Demand("client-hello.txt", Describe(new TlsClientOptions { TargetHost = "example.com", Hooks = new Fixed() }));

    [Fact]
    public void A_ClientHello_with_protocols_and_without_resumption_is_the_one_on_record() => GoldenFile.Demand("client-hello-alpn.txt", Describe(new TlsClientOptions
    {
        TargetHost = "192.0.2.1",
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        SessionCache = null,
        Hooks = new Fixed(),
    }));

    [Fact]
    public void The_policy_is_the_one_on_record()
    {
        var text = new StringBuilder();
        text.Append("# Defaults\n");
        Describe(text, typeof(Defaults));
        text.Append("\n# RecordLimits\n");
        Describe(text, typeof(RecordLimits));
        text.Append("\n# Records that one key protects\n");
        foreach (var suite in Defaults.CipherSuites)
            text.Append($"{suite} {(CryptoProvider.Default.TryGetSuite(suite, out var algorithm) ? algorithm.RecordLimit.ToString() : "not on this machine")}\n");
        text.Append("\n# TlsClientOptions\n");
        Describe(text, new TlsClientOptions());
        text.Append("\n# TlsServerOptions\n");
        Describe(text, new TlsServerOptions());
        GoldenFile.Demand("policy.txt", text.ToString());
    }

    private static string Describe(TlsClientOptions options)
    {
        using var connection = TlsConnection.CreateClient(options);
        var record = new byte[connection.PendingOutput];
        connection.TakeOutput(record);
        var hello = ClientHello.Parse(record.AsMemory(RecordLimits.HeaderLength + HandshakeMessage.HeaderLength));
        var text = new StringBuilder();
        text.Append($"record {Convert.ToHexStringLower(record[..RecordLimits.HeaderLength])}\n");
        text.Append($"header {Convert.ToHexStringLower(record.AsSpan(RecordLimits.HeaderLength, HandshakeMessage.HeaderLength))}\n");
        text.Append($"legacy_version {hello.LegacyVersion:x4}\n");
        text.Append($"random {Convert.ToHexStringLower(hello.Random.Span)}\n");
        text.Append($"legacy_session_id {Convert.ToHexStringLower(hello.SessionId.Span)}\n");
        text.Append($"cipher_suites {string.Join(", ", hello.CipherSuites)}\n");
        text.Append($"legacy_compression_methods {Convert.ToHexStringLower(hello.CompressionMethods.Span)}\n");
        foreach (var (type, data) in hello.Extensions.Items)
        {
            text.Append($"{type}: ");
            if (type == ExtensionType.KeyShare)
                text.AppendJoin(", ", hello.KeyShares!.Select(share => $"{share.Group} {share.KeyExchange.Length} bytes")).Append('\n');
            else
                text.Append(Convert.ToHexStringLower(data.Span)).Append(Meaning(hello, type)).Append('\n');
        }
        return text.ToString();
    }

    private static string Meaning(ClientHello hello, ExtensionType type) => type.Value switch
    {
        0 => $" ({hello.ServerName})",
        10 => $" ({string.Join(", ", hello.Groups!)})",
        13 => $" ({string.Join(", ", hello.SignatureSchemes!)})",
        16 => $" ({string.Join(", ", hello.ApplicationProtocols)})",
        43 => $" ({string.Join(", ", hello.Versions!)})",
        _ => "",
    };

    private static void Describe(StringBuilder text, Type type)
    {
        foreach (var field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => field.MetadataToken))
            text.Append($"{field.Name} {Value(field.GetValue(null))}\n");
    }

    private static void Describe(StringBuilder text, TlsOptions options)
    {
        foreach (var property in options.GetType().GetProperties().OrderBy(property => property.Name, StringComparer.Ordinal))
            text.Append($"{property.Name} {Value(property.GetValue(options))}\n");
    }

    private static string Value(object? value) => value switch
    {
        null => "null",
        IFormattable formattable => formattable.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        string text => text,
        bool flag => flag.ToString(),
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>())}]",
        _ => value.ToString() is { } text && text != value.GetType().ToString() ? text : value.GetType().Name,
    };

    /// <summary>No randomness: bytes that count up, and shares of zeros.</summary>
    private sealed class Fixed : HandshakeHooks
    {
        private byte _next;

        public override void FillRandom(Span<byte> destination)
        {
            foreach (ref var value in destination)
                value = _next++;
        }

        public override KeyShare GenerateShare(KeyExchangeGroup group) => new FixedShare(group);
    }

    private sealed class FixedShare(KeyExchangeGroup group) : KeyShare
    {
        public override NamedGroup Group => group.Id;
        public override ReadOnlyMemory<byte> PublicShare => new byte[group.ClientShareLength];
        public override Secret Agree(ReadOnlySpan<byte> serverShare) => throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }
}
