using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Trust;

/// <summary>Trust anchors in PEM files that may change. Files are looked at when the anchors are used, at most once a second.</summary>
internal sealed class ReloadedFiles : TrustStore
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Func<IReadOnlyList<string>> _list;
    private readonly TimeProvider _time;
    private readonly bool _mayLackCertificates;
    private readonly Lock _lock = new();
    private volatile TrustAnchors _anchors;
    private IReadOnlyList<FileState> _states;
    private long _lookedAt;

    /// <exception cref="IOException">They cannot be read.</exception>
    /// <exception cref="FormatException">There is no certificate, or one that cannot be read.</exception>
    public ReloadedFiles(Func<IReadOnlyList<string>> list, TimeProvider time, bool mayLackCertificates = false)
    {
        _list = list;
        _time = time;
        _mayLackCertificates = mayLackCertificates;
        _lookedAt = time.GetTimestamp();
        _states = Look();
        _anchors = Read(_states);
    }

    internal override TrustAnchors Current
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _lookedAt)) < Interval || !_lock.TryEnter())
                return _anchors;
            try
            {
                Volatile.Write(ref _lookedAt, _time.GetTimestamp());
                var states = Look();
                if (!states.SequenceEqual(_states))
                    (_anchors, _states) = (Read(states), states);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
            {
                // Half written, or gone for a moment: what was read before stays, and a second later is another try.
            }
            finally
            {
                _lock.Exit();
            }
            return _anchors;
        }
    }

    private IReadOnlyList<FileState> Look() => [.. _list().Select(path => new FileInfo(path)).Select(file => new FileState(file.FullName, file.LastWriteTimeUtc, file.Exists ? file.Length : 0))];

    private TrustAnchors Read(IReadOnlyList<FileState> states)
    {
        var anchors = new List<TrustAnchor>();
        foreach (var state in states)
        {
            var pem = File.ReadAllText(state.Path);
            if (!_mayLackCertificates || PemReader.HasCertificate(pem))
                anchors.AddRange(PemReader.Certificates(pem).Select(der => new TrustAnchor(der)));
        }
        return anchors.Count > 0 ? new TrustAnchors(anchors) : throw new FormatException("There is no certificate in the folder.");
    }

    private readonly record struct FileState(string Path, DateTime ChangedAt, long Length);
}
