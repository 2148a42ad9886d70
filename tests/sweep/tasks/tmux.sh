# shellcheck shell=sh
# tmux: a session with windows, scrolled and captured
# programs: tmux

run() {
  tmux -f /dev/null -L s new-session -d -x 80 -y 24 -s a 'seq 1 5000; sleep 60'
  tmux -L s set-option -g history-limit 5000
  for i in 1 2 3; do
    tmux -L s new-window -t a "seq 1 2000; echo window $i; sleep 60"
    tmux -L s split-window -t a 'sleep 60'
  done
  sleep 1
  tmux -L s list-windows -t a -F '#{window_index} #{window_panes}'
  tmux -L s capture-pane -p -t a:0 | tail -n 3
  tmux -L s kill-server
}
