--- The typed values of conditions: numbers, dates, addresses and networks, booleans, base64.
--
-- Each reader takes a text and answers the value, or nil when the text is not one. They are strict:
-- a policy that AWS would refuse must not come to mean something here.
-- @module lunette.iam.values

local values = {}

--- A decimal number. Lua's own reader would take `0x10` and blanks as well.
function values.number(text)
  local mantissa = text:match("^[+-]?([%d.]+)[eE][+-]?%d+$") or text:match("^[+-]?([%d.]+)$")
  if not mantissa or not (mantissa:match("^%d+%.?%d*$") or mantissa:match("^%.%d+$")) then
    return nil
  end
  return tonumber(text)
end

--- `true` or `false`; the case does not count.
function values.bool(text)
  local lower = text:lower()
  if lower == "true" then
    return true
  elseif lower == "false" then
    return false
  end
  return nil
end

-- Days from 1970-01-01, counting years from March so that a leap day is a year's last.
local function days_from_civil(year, month, day)
  local shifted = month <= 2 and year - 1 or year
  local era = shifted // 400
  local of_era = shifted - era * 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

local function days_in_month(year, month)
  if month == 2 then
    local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
    return leap and 29 or 28
  end
  return (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
end

local function day_number(year, month, day)
  year, month, day = tonumber(year), tonumber(month or "1"), tonumber(day or "1")
  if month < 1 or month > 12 or day < 1 or day > days_in_month(year, month) then
    return nil
  end
  return days_from_civil(year, month, day)
end

-- The offset of a zone in seconds: `Z`, `+09:00` or `+0900`.
local function zone_offset(zone)
  if zone == "Z" or zone == "z" then
    return 0
  end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  local seconds = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "-" and -seconds or seconds
end

-- Seconds may be left out, have a fraction, and be the sixtieth of a leap second.
local function clock_seconds(time)
  local hours, minutes, rest = time:match("^(%d%d):(%d%d)(.*)$")
  if not hours or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  local seconds = "0"
  if rest ~= "" then
    seconds = rest:match("^:(%d%d)$") or rest:match("^:(%d%d%.%d+)$")
  end
  if not seconds or tonumber(seconds) >= 61 then
    return nil
  end
  return tonumber(hours) * 3600 + tonumber(minutes) * 60 + tonumber(seconds)
end

-- A year, a month or a day of a calendar, as days since 1970.
local function calendar_days(text)
  local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if not year then
    year, month = text:match("^(%d%d%d%d)%-(%d%d)$")
  end
  if not year then
    year = text:match("^(%d%d%d%d)$")
  end
  return year and day_number(year, month, day)
end

--- A date as seconds since 1970: a year, a month, a day, or a day with a time and a zone (ISO 8601
-- as W3C profiles it), or the seconds themselves. Four digits alone are a year.
function values.date(text)
  local days = calendar_days(text)
  if days then
    return days * 86400
  elseif text:match("^%d+$") then
    return tonumber(text)
  end
  local date, time, zone = text:match("^([%d-]+)[Tt]([%d:.]+)([Zz+-].*)$")
  if not date or #date ~= 10 then
    return nil
  end
  local seconds, offset = clock_seconds(time), zone_offset(zone)
  days = calendar_days(date)
  if not (days and seconds and offset) then
    return nil
  end
  return days * 86400 + seconds - offset
end

local function ipv4_bytes(text)
  local out = {}
  for part in (text .. "."):gmatch("([^.]*)%.") do
    local octet = part:match("^%d%d?%d?$") and tonumber(part)
    if not octet or octet > 255 or (#part > 1 and part:sub(1, 1) == "0") then
      return nil
    end
    out[#out + 1] = string.char(octet)
  end
  return #out == 4 and table.concat(out) or nil
end

-- The groups on one side of a `::` as bytes; the very last group may be an IPv4 address.
local function ipv6_groups(text, may_end_in_v4)
  if text == "" then
    return ""
  end
  local out, groups = {}, {}
  for part in (text .. ":"):gmatch("([^:]*):") do
    groups[#groups + 1] = part
  end
  for i, part in ipairs(groups) do
    if part:match("^%x%x?%x?%x?$") then
      out[#out + 1] = string.pack(">I2", tonumber(part, 16))
    elseif may_end_in_v4 and i == #groups and ipv4_bytes(part) then
      out[#out + 1] = ipv4_bytes(part)
    else
      return nil
    end
  end
  return table.concat(out)
end

local function ipv6_bytes(text)
  local gap = text:find("::", 1, true)
  if not gap then
    local all = ipv6_groups(text, true)
    return all and #all == 16 and all or nil
  end
  local head = ipv6_groups(text:sub(1, gap - 1), false)
  local tail = ipv6_groups(text:sub(gap + 2), true)
  -- `::` stands for at least one group of zeros.
  if not head or not tail or #head + #tail > 14 then
    return nil
  end
  return head .. string.rep("\0", 16 - #head - #tail) .. tail
end

--- An address as its 4 or 16 bytes.
function values.address(text)
  return ipv4_bytes(text) or (text:find(":", 1, true) and ipv6_bytes(text)) or nil
end

--- A network in CIDR form; an address without a length is a network of one.
function values.network(text)
  local address, length = text:match("^(.-)/(%d%d?%d?)$")
  local bytes = values.address(address or text)
  if not bytes then
    return nil
  end
  local bits = length and tonumber(length) or #bytes * 8
  if bits > #bytes * 8 then
    return nil
  end
  return { bytes = bytes, bits = bits }
end

--- Is the address (bytes) in the network? Families never mix.
function values.in_network(network, address)
  if #address ~= #network.bytes then
    return false
  end
  local whole, rest = network.bits // 8, network.bits % 8
  if address:sub(1, whole) ~= network.bytes:sub(1, whole) then
    return false
  end
  if rest == 0 then
    return true
  end
  local shift = 8 - rest
  return address:byte(whole + 1) >> shift == network.bytes:byte(whole + 1) >> shift
end

local function base64_digit(byte)
  if byte >= 65 and byte <= 90 then
    return byte - 65
  elseif byte >= 97 and byte <= 122 then
    return byte - 71
  elseif byte >= 48 and byte <= 57 then
    return byte + 4
  end
  return byte == 43 and 62 or byte == 47 and 63 or nil
end

--- The bytes of a base64 text with its padding.
function values.base64(text)
  local body, padding = text:match("^([%w+/]*)(=?=?)$")
  if not body or #text % 4 ~= 0 then
    return nil
  end
  local out, held, bits = {}, 0, 0
  for i = 1, #body do
    held = (held << 6 | base64_digit(body:byte(i))) & 0xffff
    bits = bits + 6
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(held >> bits & 0xff)
    end
  end
  -- Padding that does not fit the length, or bits that belong to no byte, are another text.
  if bits ~= #padding * 2 or held & (1 << bits) - 1 ~= 0 then
    return nil
  end
  return table.concat(out)
end

return values
