using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using LucidTls.Http;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace LucidTls.Tests.Docs;

/// <summary>docs/migrating.md has a table for each of the platform's types, under a heading that ends with its name: the platform's members at the left, what stands for them at the right.</summary>
public sealed partial class MigratingPageTests
{
    private const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static;

    private static readonly Type[] Types = [.. new[]
    {
        typeof(TlsStream), typeof(LucidTlsEndpointOptions), typeof(LucidTlsHttpOptions),
        typeof(object), typeof(HttpClient), typeof(SslStream), typeof(Socket), typeof(X509Certificate2), typeof(ITlsConnectionFeature), typeof(ITlsHandshakeFeature),
    }.SelectMany(type => type.Assembly.GetExportedTypes()), typeof(ITlsApplicationProtocolFeature)];

    [Theory]
    [InlineData(typeof(SslStream))]
    [InlineData(typeof(SslClientAuthenticationOptions))]
    [InlineData(typeof(SslServerAuthenticationOptions))]
    [InlineData(typeof(X509ChainPolicy))]
    [InlineData(typeof(HttpsConnectionAdapterOptions))]
#pragma warning disable SYSLIB0014 // Needed: the page is for people who come from this obsolete class, so that the test must name it.
    [InlineData(typeof(ServicePointManager))]
#pragma warning restore SYSLIB0014
    public void Every_member_of_the_platform_has_its_row(Type type)
    {
        var members = type.GetMembers(Public | BindingFlags.DeclaredOnly).Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false }).Select(member => member.Name).Distinct();
        var named = Rows(type.Name).SelectMany(cells => Code().Matches(cells[0])).SelectMany(code => Word().Matches(code.Value)).Select(word => word.Value);
        Assert.Equal("", string.Join(", ", members.Except(named)));
    }

    [Theory]
    [InlineData("SslStream", typeof(TlsStream), typeof(TlsServerOptions))]
    [InlineData("SslClientAuthenticationOptions", typeof(TlsClientOptions))]
    [InlineData("SslServerAuthenticationOptions", typeof(TlsServerOptions))]
    [InlineData("X509ChainPolicy", typeof(CertificateVerifierOptions))]
    [InlineData("Kestrel", typeof(TlsServerOptions), typeof(ListenOptionsLucidTlsExtensions))]
    [InlineData("HttpsConnectionAdapterOptions", typeof(TlsServerOptions), typeof(ListenOptionsLucidTlsExtensions))]
    [InlineData("HttpClient", typeof(LucidTlsHttpOptions))]
    [InlineData("ServicePointManager", typeof(LucidTlsHttpOptions))]
    public void Every_name_that_is_given_instead_exists(string heading, params Type[] owners)
    {
        var names = Rows(heading).SelectMany(cells => Names(cells[1] == "the same" ? cells : cells[1..])).ToArray();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(Exists(name, owners), $"There is no {name}."));
    }

    // Cells of the tables between that heading and the next.
    private static IEnumerable<string[]> Rows(string heading) =>
        File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "migrating.md"))
            .SkipWhile(line => !(line.StartsWith('#') && line.EndsWith($" {heading}", StringComparison.Ordinal))).Skip(1)
            .TakeWhile(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    // `.Member` goes on with the type named before it; of `local.Member` and `local` only what does not begin with a small letter is a name; what has a colon is a key of the configuration.
    private static IEnumerable<string> Names(string[] cells)
    {
        var type = "";
        foreach (var code in cells.SelectMany(cell => Code().Matches(cell)).Select(code => code.Groups[1].Value).Where(code => !code.Contains(':')))
        {
            foreach (var path in Dotted().Matches(code.StartsWith('.') ? type + code : code).Select(match => match.Value.Split('.').SkipWhile(part => char.IsLower(part[0])).ToArray()).Where(path => path.Length > 0))
            {
                type = path[0];
                yield return string.Join('.', path);
            }
        }
    }

    private static bool Exists(string name, Type[] owners)
    {
        var path = name.Split('.');
        return owners.Any(owner => Has(owner, path)) || Types.Any(type => type.Name == path[0] && Has(type, path[1..]));
    }

    private static bool Has(Type type, string[] path) => path is not [var first, .. var rest] || type.GetMember(first, Public | BindingFlags.FlattenHierarchy).Any(member => Has(TypeOf(member), rest));

    private static Type TypeOf(MemberInfo member) => member switch
    {
        PropertyInfo property => property.PropertyType,
        FieldInfo field => field.FieldType,
        MethodInfo method => method.ReturnType,
        _ => typeof(void),
    };

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"[A-Za-z]\w*(\.[A-Za-z]\w*)*")]
    private static partial Regex Dotted();
}
