local environment = require "lunette.sandbox.environment"

describe("the sandbox's environment", function()
  local URL = "http://127.0.0.1:4566"
  local KEYS = { access_key_id = "ASIASANDBOX", secret_access_key = "it's made up",
    session_token = "token" }

  it("lets nothing through that leads elsewhere, and all else", function()
    local out = environment.with({
      HOME = "/home/x", AWS_PROFILE = "prod", AWS_ACCESS_KEY_ID = "AKIAREAL", AWS_REGION = "x",
      AWS_ENDPOINT_URL_SECRETS_MANAGER = "https://elsewhere", AWS_EC2_METADATA_DISABLED = "true",
      AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://elsewhere", AWS_MAX_ATTEMPTS = "2",
      AWS_CONFIG_FILE = "/home/x/.aws/config", no_proxy = "",
    }, environment.variables(URL, "eu-west-1"))
    assert.same({
      HOME = "/home/x", AWS_MAX_ATTEMPTS = "2", AWS_ENDPOINT_URL = URL,
      AWS_EC2_METADATA_SERVICE_ENDPOINT = URL .. "/", AWS_REGION = "eu-west-1",
      AWS_DEFAULT_REGION = "eu-west-1", AWS_CONFIG_FILE = "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE = "/dev/null", no_proxy = "127.0.0.1,[::1],localhost",
      NO_PROXY = "127.0.0.1,[::1],localhost",
    }, out)
  end)

  it("has keys in place of the metadata service's", function()
    local out = environment.with({ AWS_SESSION_TOKEN = "old" },
      environment.variables(URL, "eu-west-1", KEYS))
    assert.equal("ASIASANDBOX", out.AWS_ACCESS_KEY_ID)
    assert.equal("token", out.AWS_SESSION_TOKEN)
  end)

  it("is quoted for a shell", function()
    local text = environment.exports(environment.variables(URL, "eu-west-1", KEYS))
    assert.truthy(text:find("export AWS_ENDPOINT_URL='" .. URL .. "'\n", 1, true))
    assert.truthy(text:find("export AWS_SECRET_ACCESS_KEY='it'\\''s made up'\n", 1, true))
    assert.truthy(text:find "^unset [^\n]*AWS_PROFILE")
    assert.is_nil(text:match("^[^\n]*"):find("AWS_SECRET_ACCESS_KEY", 1, true))
  end)
end)
