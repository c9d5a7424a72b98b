using System.Globalization;
using System.Text;
using LucidTls.Certificates.Revocation;

namespace LucidTls.Certificates;

/// <summary>Draws a verdict for people.</summary>
internal static class VerdictTree
{
    public static string Write(CertificateVerdict verdict)
    {
        var tree = new StringBuilder();
        if (verdict.Problem is { } problem)
        {
            tree.Append("refused: ").Append(problem.Explanation).Append(" [").Append(problem.Citation).Append("]\n");
            tree.Append(Mender(problem.Mender)).Append(problem.Remedy).Append('\n');
        }
        else
        {
            tree.Append("accepted by the rules of ").Append(verdict.Profile).Append('\n');
        }
        for (var i = 0; i < verdict.Paths.Count; i++)
            Path(tree, verdict.Paths[i], i, verdict.Paths.Count);
        return tree.ToString();
    }

    private static void Path(StringBuilder tree, CertificatePath path, int number, int count)
    {
        var isLast = number == count - 1;
        var margin = isLast ? "   " : "│  ";
        tree.Append(isLast ? "└─ " : "├─ ").Append(CultureInfo.InvariantCulture, $"path {number + 1} of {count}: ");
        tree.Append(path.IsGood ? "good\n" : path.EndsInTrustAnchor ? "ends in a trust anchor, but is not good\n" : "does not end in a trust anchor\n");
        for (var i = 0; i < path.Steps.Count; i++)
            Step(tree, path.Steps[i], margin, i == path.Steps.Count - 1);
        foreach (var status in path.Statuses)
            tree.Append(margin).Append("   ").Append(Status(status, path)).Append('\n');
        foreach (var timestamp in path.Timestamps)
            tree.Append(margin).Append("   ").Append(timestamp.Problem == null ? "✓ " : "✗ ").Append("logged by ").Append(timestamp).Append('\n');
    }

    private static void Step(StringBuilder tree, CertificateStep step, string margin, bool isLast)
    {
        var dates = $"{step.NotBefore.UtcDateTime:yyyy-MM-dd} to {step.NotAfter.UtcDateTime:yyyy-MM-dd}";
        tree.Append(margin).Append(isLast ? "└─ " : "├─ ").Append(step.Problems.Count == 0 ? "✓ " : "✗ ").Append(step.Subject);
        tree.Append(CultureInfo.InvariantCulture, $" ({(step.IsTrustAnchor ? "trust anchor, " : "")}{step.Key}, {dates})\n");
        foreach (var problem in step.Problems)
            tree.Append(margin).Append(isLast ? "     " : "│    ").Append(problem.Explanation).Append(" [").Append(problem.Citation).Append("]\n");
    }

    private static string Status(CertificateStatus status, CertificatePath path) => status.Kind switch
    {
        CertificateStatusKind.Good => $"✓ {status.Explanation}",
        CertificateStatusKind.Revoked => $"✗ {status.Explanation}",
        CertificateStatusKind.Unknown => $"? whether {path.Steps[status.Index].Subject} was revoked is not known: {status.Explanation}",
    };

    private static string Mender(CertificateMender mender) => mender switch
    {
        CertificateMender.ThisEnd => "to be mended on this end: ",
        CertificateMender.Peer => "to be mended by whoever runs the peer: ",
        CertificateMender.Authority => "to be mended by the authority: ",
    };
}
