namespace LucidTls.Cli.Serving;

/// <summary>What the messages of a handshake are for, in a sentence each.</summary>
internal static class HandshakeMessages
{
    public static string Explain(string message) => message switch
    {
        "ClientHello" => "The client says which versions, cipher suites and groups it can do, which server it wants, and already sends its half of the key exchange.",
        "HelloRetryRequest" => "The server wants a group that the client sent no key share for, and asks for another ClientHello.",
        "ServerHello" => "The server picks the suite and the group and sends its half of the key exchange. From here on both ends share a secret that nobody on the way can compute.",
        "ChangeCipherSpec" => "Says nothing. It makes the handshake look like TLS 1.2 to devices on the way that would otherwise cut the connection.",
        "EncryptedExtensions" => "The rest of the server's choices, among them the application protocol: the first message that is encrypted.",
        "CertificateRequest" => "The server asks the client for a certificate too.",
        "Certificate" => "The chain of certificates that says whose key it is. In TLS 1.3 nobody on the way sees it.",
        "CertificateVerify" => "A signature over the handshake so far: it proves possession of the certificate's private key, here and now.",
        "Finished" => "A checksum over the whole handshake, keyed with the shared secret: had anybody changed a bit on the way, it would not match.",
        "NewSessionTicket" => "Something to come back with: the next connection can be quicker.",
        "KeyUpdate" => "From here on this direction uses new keys.",
        _ => "",
    };
}
