--- AWS's policy evaluation, as a pure function: a request and the policies in, a decision and how
-- it came about out. Nothing here reads a file, a clock or the network.
--
--     local iam = require "lunette.iam"
--     local decision = iam.evaluate({
--       principal = { arn = "arn:aws:sts::111111111111:assumed-role/app-server/i-0abc",
--         account = "111111111111", role_arn = "arn:aws:iam::111111111111:role/app-server" },
--       action = "secretsmanager:GetSecretValue",
--       resource = "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/db-AbCdEf",
--       resource_account = "222222222222",
--       context = { ["secretsmanager:VersionStage"] = "AWSCURRENT" },
--     }, {
--       identity = { { name = "read-db", document = policy } },
--       resource = { name = "prod/db", document = other },
--     })
--     print(decision.allowed, iam.explain_line(decision))
--
-- @module lunette.iam

local document = require "lunette.iam.document"
local evaluate = require "lunette.iam.evaluate"
local text = require "lunette.iam.text"

local iam = {}

--- Decides one request.
--
-- A document is a decoded policy in an entry `{ name = ..., document = ... }`; each layer takes one
-- entry or a list of them, and nil (or a document that is JSON's null) means that it has none.
-- What is malformed in a document never raises and never matches; `iam.check_document` names it.
-- @param request table with
--   `principal` `{ arn, account, role_arn, type }`, where type is assumed-role, user, root,
--   federated-user, service, federated or anonymous and is read from the ARN when left out;
--   `action`; `resource` (nil for operations that have none); `resource_account` (read from the
--   resource's ARN when left out); `context`, keys of any case with a text or a list of texts;
--   `kind` standard (the default), kms (the resource's policy is a key policy) or trust (it is a
--   role's trust policy)
-- @param documents table with `identity`, `resource`, `boundary`, `session`, `scp`, `rcp`,
--   `endpoint` and, for KMS, `grants`. SCP entries may have a `level`; each level has to allow.
-- @return a decision: `allowed`; `effect` allowed, explicit_deny or implicit_deny; `layer` that
--   decided (identity, resource, key, trust, boundary, session, scp, rcp, endpoint); `named`, the
--   layer that AWS's text blames; `statement` `{ document, index, sid }` that allowed or denied;
--   `nearest`, the statement of the layer that came nearest to allowing; `sides` `{ identity,
--   resource }` and `layers`, each allowed, denied or not_needed; `how` the resource's policy named
--   the caller; `across_accounts`; `message`, AWS's text of a denial; `derivation`, a list of
--   `{ layer, document, index, sid, effect, matched, failed_element, wanted, had, key, operator,
--   failures }`, one for each statement of every document
-- @function evaluate
iam.evaluate = evaluate

--- AWS's text for a denial, or nil for a decision that allows.
-- @function denial_text
iam.denial_text = text.denial

--- A decision in one line of at most 100 (or `width`) characters.
-- @function explain_line
iam.explain_line = text.explain_line

--- What is wrong with the form of a policy document.
-- @param document the decoded policy
-- @param kind identity, resource, key, trust, boundary, session, scp, rcp or endpoint
-- @return a list of `{ path, message }`, empty when nothing is; paths are such as
-- `Statement[1].Condition.StringEquals`
-- @function check_document
iam.check_document = document.check

return iam
