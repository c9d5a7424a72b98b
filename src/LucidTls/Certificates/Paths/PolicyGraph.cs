using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Paths;

/// <summary>
/// Certificate policies by the algorithm of RFC 9618 §5, which is linear: a graph with at most one node a policy and level, where RFC
/// 5280's tree doubles at each mapping.
/// </summary>
internal sealed class PolicyGraph
{
    private readonly List<Level> _levels = [];

    /// <summary>What the policies lack, in words; null when all is well.</summary>
    /// <param name="path">The leaf first; the anchor's own policies do not count.</param>
    /// <param name="options">What the caller demands.</param>
    public static string? Check(IReadOnlyList<Certificate> path, CertificateVerifierOptions options)
    {
        // Without a demand for an explicit policy nothing can fail (RFC 5280 §6.1.5 (g)), and hardly any chain makes one.
        var isDemanded = options.RequireExplicitPolicy;
        for (var i = 0; i < path.Count - 1; i++)
            isDemanded |= path[i].Facts.RequireExplicitPolicy != null;
        return isDemanded ? new PolicyGraph().Run(path, options) : null;
    }

    private string? Run(IReadOnlyList<Certificate> path, CertificateVerifierOptions options)
    {
        var count = path.Count - 1;
        var explicitPolicy = options.RequireExplicitPolicy ? 0 : count + 1;
        var policyMapping = options.InhibitPolicyMapping ? 0 : count + 1;
        var inhibitAnyPolicy = options.InhibitAnyPolicy ? 0 : count + 1;
        var level = new Level { HasAnyPolicy = true };
        for (var i = count - 1; i >= 0; i--)
        {
            var certificate = path[i];
            var facts = certificate.Facts;
            level.Intersect(facts.Policies, isAnyAllowed: inhibitAnyPolicy > 0 || (i > 0 && certificate.IsSelfIssued));
            if (explicitPolicy == 0 && level.IsEmpty)
                return $"an explicit certificate policy is demanded, and none is valid down to {certificate}";
            _levels.Add(level);
            if (i == 0)
                break;
            level = level.Next(facts.PolicyMappings, isMappingAllowed: policyMapping > 0);
            if (!certificate.IsSelfIssued)
            {
                explicitPolicy = Math.Max(0, explicitPolicy - 1);
                policyMapping = Math.Max(0, policyMapping - 1);
                inhibitAnyPolicy = Math.Max(0, inhibitAnyPolicy - 1);
            }
            explicitPolicy = Math.Min(explicitPolicy, facts.RequireExplicitPolicy ?? int.MaxValue);
            policyMapping = Math.Min(policyMapping, facts.InhibitPolicyMapping ?? int.MaxValue);
            inhibitAnyPolicy = Math.Min(inhibitAnyPolicy, facts.InhibitAnyPolicy ?? int.MaxValue);
        }
        // RFC 5280 §6.1.5 (a) and (b)
        explicitPolicy = Math.Max(0, explicitPolicy - 1);
        if (count > 0 && path[0].Facts.RequireExplicitPolicy == 0)
            explicitPolicy = 0;
        return explicitPolicy > 0 || HasAcceptedPolicy(options.AcceptedPolicies) ? null
            : options.AcceptedPolicies.Count == 0 ? $"an explicit certificate policy is demanded, and {path[0]} has none that is valid"
            : $"{path[0]} has no valid certificate policy among those accepted: {string.Join(", ", options.AcceptedPolicies)}";
    }

    // RFC 9618 §5.5: the policies that can be reached from below, as the first authorities named them.
    private bool HasAcceptedPolicy(IReadOnlyList<string> accepted)
    {
        if (_levels.Count == 0)
            return false;
        var last = _levels[^1];
        if (accepted.Count == 0)
            return !last.IsEmpty;
        if (last.HasAnyPolicy)
            return true;
        var reachable = new HashSet<string>(last.Nodes.Keys);
        for (var i = _levels.Count - 1; i >= 0; i--)
        {
            var above = new HashSet<string>();
            foreach (var policy in reachable)
            {
                var parents = _levels[i].Nodes[policy];
                if (parents.Count == 0 && accepted.Contains(policy))
                    return true;
                above.UnionWith(parents);
            }
            reachable = above;
        }
        return false;
    }

    /// <summary>The policies valid at one certificate, each with the policies of the level above that led to it; none for any-policy.</summary>
    private sealed class Level
    {
        private static readonly string AnyPolicy = Oids.ToText(Oids.AnyPolicy);

        public bool HasAnyPolicy { get; set; }
        public Dictionary<string, List<string>> Nodes { get; } = [];
        public bool IsEmpty => !HasAnyPolicy && Nodes.Count == 0;

        // RFC 9618 §5.3: what the certificate names, of what the levels above allow.
        public void Intersect(IReadOnlyList<ReadOnlyMemory<byte>> named, bool isAnyAllowed)
        {
            var policies = named.Select(policy => Oids.ToText(policy.Span)).ToHashSet();
            var hadAnyPolicy = HasAnyPolicy;
            if (!policies.Contains(AnyPolicy) || !isAnyAllowed)
            {
                foreach (var policy in Nodes.Keys.Except(policies).ToArray())
                    Nodes.Remove(policy);
                HasAnyPolicy = false;
            }
            if (!hadAnyPolicy)
                return;
            foreach (var policy in policies)
            {
                if (policy != AnyPolicy)
                    Nodes.TryAdd(policy, []);
            }
        }

        // RFC 9618 §5.4: what the next certificate must name for each policy.
        public Level Next(IReadOnlyList<(ReadOnlyMemory<byte> IssuerPolicy, ReadOnlyMemory<byte> SubjectPolicy)> mappings, bool isMappingAllowed)
        {
            var next = new Level { HasAnyPolicy = HasAnyPolicy };
            var mapped = new HashSet<string>();
            foreach (var (issuerPolicy, subjectPolicy) in mappings)
            {
                var from = Oids.ToText(issuerPolicy.Span);
                mapped.Add(from);
                if (!isMappingAllowed)
                {
                    Nodes.Remove(from);
                    continue;
                }
                if (HasAnyPolicy)
                    Nodes.TryAdd(from, []);
                if (Nodes.ContainsKey(from))
                    next.Add(Oids.ToText(subjectPolicy.Span), from);
            }
            foreach (var policy in Nodes.Keys)
            {
                if (!mapped.Contains(policy))
                    next.Add(policy, policy);
            }
            return next;
        }

        private void Add(string policy, string parent)
        {
            if (!Nodes.TryGetValue(policy, out var parents))
                Nodes[policy] = parents = [];
            parents.Add(parent);
        }
    }
}
