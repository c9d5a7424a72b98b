namespace LucidTls.Certificates.Paths;

/// <summary>A rule that a path breaks, where, and the sentence about it.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Index">The certificate's place in the path, 0 for the leaf.</param>
/// <param name="Sentence">What is wrong, with values.</param>
/// <param name="Mender">Who can mend it, when that is not who the rule's table says.</param>
/// <param name="Remedy">How, when that is not what the rule's table says.</param>
internal readonly record struct PathProblem(CertificateRule Rule, int Index, string Sentence, CertificateMender? Mender = null, string? Remedy = null);
