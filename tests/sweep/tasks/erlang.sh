# shellcheck shell=sh
# erlang: processes that pass messages (most of its memory is its own allocator's)
# programs: erl

run() {
  ERL_CRASH_DUMP=/dev/null erl -noshell -mode minimal -eval '
    Self = self(),
    [spawn(fun() -> Self ! lists:sum([length(integer_to_list(X * N)) || X <- lists:seq(1, 300)]) end) || N <- lists:seq(1, 2000)],
    io:format("~p~n", [lists:sum([receive R -> R end || _ <- lists:seq(1, 2000)])]),
    T = ets:new(t, []), [ets:insert(T, {N, lists:duplicate(N rem 50, N)}) || N <- lists:seq(1, 50000)],
    io:format("~p~n", [ets:info(T, size)]), halt().'
}
