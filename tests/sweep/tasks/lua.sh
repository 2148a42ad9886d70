# shellcheck shell=sh
# lua: tables, strings and coroutines
# programs: lua5.4

run() {
  lua5.4 -e '
    local h = {} for i = 1, 300000 do local k = "w" .. (i * 7919 % 5003) h[k] = (h[k] or 0) + i end
    local keys = {} for k in pairs(h) do keys[#keys + 1] = k end table.sort(keys)
    print(#keys, keys[1], h[keys[1]], #table.concat(keys, " "))
    local c = coroutine.wrap(function() for i = 1, 50000 do coroutine.yield(("x"):rep(i % 100)) end end)
    local s = 0 for i = 1, 50000 do s = s + #c() end print(s) collectgarbage() print(select(2, ("abc"):rep(10000):gsub("b", "bb")))'
}
