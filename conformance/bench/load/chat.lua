-- One chat request again and again: wrk -s chat.lua URL -- KEY MODEL true|false
-- The last line that it prints is JSON.

function init(arguments)
  local key, model, stream = arguments[1], arguments[2], arguments[3]
  wrk.method = "POST"
  wrk.path = "/v1/chat/completions"
  wrk.headers["Authorization"] = "Bearer " .. key
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = '{"model":"' .. model .. '","messages":[{"role":"user",'
    .. '"content":"What is the capital of France?"}],"max_tokens":32,"stream":' .. stream .. '}'
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format(
    '{"requests": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p99_ms": %f, "bytes": %d}',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.bytes))
end
