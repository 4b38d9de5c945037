namespace Distill.Serving;

/// <summary>
/// The script that waits until an engine produces a token, for systems in which distill itself does not wait. An answer of any
/// other kind proves nothing: servers answer 503 while they load, and 200 on health pages when their engine is dead.
/// </summary>
internal static class ReadyScript
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "ready.py";

    /// <summary>The script: <c>ready.py URL MODEL MINUTES [PROCESS]</c>. Ends with 0 when a token came, 1 when the minutes are over, 2 when the process is gone.</summary>
    public const string Text = """
        #!/usr/bin/env python3
        # Waits until the engine produces a token: ready.py URL MODEL MINUTES [PROCESS]
        import json, os, sys, time, urllib.request

        url, model, minutes = sys.argv[1], sys.argv[2], float(sys.argv[3])
        process = int(sys.argv[4]) if len(sys.argv) > 4 else None
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "1+1="}], "max_tokens": 1}).encode()
        headers = {"Content-Type": "application/json"}
        if os.environ.get("DISTILL_API_KEY"):
            headers["Authorization"] = "Bearer " + os.environ["DISTILL_API_KEY"]
        # A proxy would answer for servers of this network that are not there yet.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end, said = time.monotonic() + 60 * minutes, None
        while True:
            try:
                with opener.open(urllib.request.Request(url + "/chat/completions", body, headers), timeout=120) as reply:
                    answer = json.load(reply)
                if answer["usage"]["completion_tokens"] >= 1 and answer["choices"][0]["finish_reason"] in ("stop", "length"):
                    sys.exit(0)
                reason = "an answer without a token"
            except Exception as failure:
                reason = f"{type(failure).__name__}: {failure}"
            if reason != said:
                print(f"not ready: {reason}", file=sys.stderr, flush=True)
                said = reason
            if process is not None and not os.path.exists(f"/proc/{process}"):
                sys.exit(2)
            if time.monotonic() > end:
                sys.exit(1)
            time.sleep(min(5, 60 * minutes))

        """;
}
