namespace LucidTls.AspNetCore;

/// <summary>
/// Says that requests to an endpoint may be answered twice without harm, and so from early data (RFC 8470): reads that change nothing. Whoever recorded such a request can send it again
/// and see how long the answer is.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class AllowEarlyDataAttribute : Attribute;
