local httpd = require "lunette.httpd"

-- Real sockets on loopback: curl runs beside the test, which answers what curl asks.
describe("lunette.httpd", function()
  local server, url, waiting

  before_each(function()
    server = httpd.new { port = 0 }
    url = ("http://127.0.0.1:%d"):format(server:port())
    waiting = nil
  end)

  after_each(function()
    server:close()
    if waiting then waiting:close() end
    collectgarbage()
    collectgarbage()
  end)

  --- Starts curl with ARGUMENTS; its output comes from finish().
  local function curl(arguments)
    waiting = assert(io.popen(("{ curl -s -S -m 20 %s; } 2>&1"):format(arguments), "r"))
  end

  local function finish()
    local out = waiting:read "a"
    waiting:close()
    waiting = nil
    return out
  end

  local function next_request()
    return (assert(server:next { timeout = 20 }))
  end

  --- Answers, and lets the answer out while curl ends.
  local function answer(request, ...)
    request:respond(...)
    server:next { timeout = 0.2 }
    return finish()
  end

  local function headers_of(request, name)
    local out = {}
    for _, pair in ipairs(request.headers) do
      if pair[1]:lower() == name then out[#out + 1] = pair[2] end
    end
    return out
  end

  it("gives the target as it was on the wire", function()
    curl(("--path-as-is '%s/a%%20b/../c//d?x=%%2f&y&%%C3%%A9=+#gone'"):format(url))
    local request = next_request()
    assert.equal("GET", request.method)
    assert.equal("/a%20b/../c//d?x=%2f&y&%C3%A9=+", request.target)
    assert.equal("", request.body)
    assert.equal("hello", answer(request, 200, nil, "hello"))
  end)

  it("gives headers in order, repeated ones and empty ones too", function()
    curl(("-H 'X-Rep: one' -H 'X-Other: z' -H 'X-Rep:  two  x' -H 'X-Empty;' %s/"):format(url))
    local request = next_request()
    assert.same({ "one", "two  x" }, headers_of(request, "x-rep"))
    assert.same({ "" }, headers_of(request, "x-empty"))
    assert.equal("Host", request.headers[1][1])
    answer(request, 200)
  end)

  it("gives bodies as they are, chunked or not", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    local bytes = ("\0\255line\r\n"):rep(20000)
    file:write(bytes)
    file:close()
    for _, how in ipairs { "", "-H 'Transfer-Encoding: chunked'" } do
      curl(("%s --data-binary @%s %s/"):format(how, path, url))
      local request = next_request()
      assert.is_true(request.body == bytes)
      answer(request, 200)
    end
    os.remove(path)
  end)

  it("refuses a body over its limit", function()
    server:close()
    server = httpd.new { port = 0, body_max = 1000 }
    url = ("http://127.0.0.1:%d"):format(server:port())
    curl(("-o /dev/null -w '%%{http_code}' -d %s %s/"):format(("x"):rep(1001), url))
    assert.same({ nil, "timeout" }, { server:next { timeout = 0.3 } })
    assert.equal("413", finish())
    curl(("-H 'Transfer-Encoding: chunked' -d %s %s/"):format(("x"):rep(1001), url))
    assert.same({ nil, "timeout" }, { server:next { timeout = 0.3 } })
    assert.truthy(finish():find "^curl:")
    curl(("-d %s %s/"):format(("x"):rep(1000), url))
    answer(next_request(), 200)
  end)

  it("answers with status, headers and bytes", function()
    curl(("-i %s/"):format(url))
    local out = answer(next_request(), 404,
      { { "X-A", "1" }, { "X-A", "2" }, { "Content-Type", "text/plain" } }, "no\0thing")
    assert.truthy(out:find "^HTTP/1.1 404 Not Found\r\n")
    assert.truthy(out:find("X-A: 1\r\nX-A: 2\r\nContent-Type: text/plain\r\n", 1, true))
    assert.truthy(out:find("\r\n\r\nno\0thing", 1, true))
  end)

  it("serves several connections, and several requests on one", function()
    curl(("%s/1 %s/2 & curl -s -m 20 %s/3; wait"):format(url, url, url))
    local held = { next_request(), next_request() }
    local targets = {}
    for _, request in ipairs(held) do
      targets[request.target] = true
      request:respond(200, nil, request.target .. "\n")
    end
    local third = next_request()
    targets[third.target] = true
    assert.same({ ["/1"] = true, ["/2"] = true, ["/3"] = true }, targets)
    local out = answer(third, 200, nil, third.target .. "\n")
    for target in pairs(targets) do assert.truthy(out:find(target, 1, true)) end
  end)

  it("waits for a descriptor besides, and for a time", function()
    assert.same({ nil, "timeout" }, { server:next { timeout = 0 } })
    local started = os.time()
    assert.same({ nil, "timeout" }, { server:next { timeout = 0.05 } })
    assert.is_true(os.time() - started < 10)
    -- The test's own standard input is /dev/null, which can always be read.
    assert.same({ nil, "fd", 0 }, { server:next { fd = 0, timeout = 20 } })
    assert.same({ nil, "fd", 0 }, { server:next { fd = { 0, 1 }, timeout = 20 } })
  end)

  it("answers 500 for a request that nobody answers", function()
    curl(("-o /dev/null -w '%%{http_code}' %s/"):format(url))
    do
      local request <close> = next_request()
      assert.equal("/", request.target)
    end
    server:next { timeout = 0.2 }
    assert.equal("500", finish())
  end)

  it("answers once, and what it may", function()
    curl(("%s/"):format(url))
    local request = next_request()
    for _, bad in ipairs { { 99 }, { 600 }, { 200, { { "X-A", "a\r\nX-B: b" } } },
      { 200, { { "X-A", "a\0" } } }, { 200, { { "X-A", 1 } } }, { 200, { "X-A" } },
      { 200, { { "X A: b", "c" } } } } do
      assert.has_error(function() request:respond(table.unpack(bad)) end)
    end
    assert.equal("good", answer(request, 200, nil, "good"))
    assert.has_error(function() request:respond(200) end)
  end)

  it("can be closed with requests unanswered, and twice", function()
    curl(("%s/ & curl -s -S -m 20 %s/; wait"):format(url, url))
    local request = next_request()
    assert.truthy(request)
    server:next { timeout = 0.1 }
    server:close()
    server:close()
    assert.truthy(finish():find "%S") -- both give up, at once
    assert.has_error(function() request:respond(200) end)
    assert.has_error(function() server:next { timeout = 0 } end)
  end)

  it("listens on loopback only, and says why it does not", function()
    for _, host in ipairs { "0.0.0.0", "::", "localhost", "10.0.0.1", "8.8.8.8", "" } do
      assert.has_error(function() httpd.new { host = host } end,
        ("bad argument #1 to 'new' (host '%s' is no loopback address (127.0.0.0/8 or ::1))")
        :format(host))
    end
    local ok, wrong = pcall(httpd.new, { port = server:port() })
    assert.is_false(ok)
    assert.truthy(wrong:find("Address already in use", 1, true))
    for _, bad in ipairs { { port = 65536 }, { port = -1 }, { port = "x" }, { ports = 1 },
      { body_max = 1.5 }, { host = 1 } } do
      assert.has_error(function() httpd.new(bad) end)
    end
    assert.has_error(function() server:next { timeout = -1 } end)
    assert.has_error(function() server:next { timout = 1 } end)
    for _, fd in ipairs { -1, "x", { -1 }, { "x" }, { 0, 0, 0, 0, 0, 0, 0, 0, 0 } } do
      assert.has_error(function() server:next { fd = fd } end)
    end
  end)
end)
