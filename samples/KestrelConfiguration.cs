using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;

namespace Samples;

/// <summary>TLS for the endpoints of appsettings.json.</summary>
internal static class KestrelConfiguration
{
    public static void Configure(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseLucidTls();
    }
}
