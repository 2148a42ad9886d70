# shellcheck shell=sh
# chromium: draws a page without a screen (most of its memory is its own allocator's)
# programs: chromium convert
# time: 180

prepare() {
  echo '<body style="background:#fc8"><h1>Ashlar</h1><canvas id=c width=300 height=200></canvas><script>
    const x = document.getElementById("c").getContext("2d"); let s = 0;
    for (let i = 0; i < 200000; i++) { s = (s + ("k" + i).length * 7) % 997 }
    x.fillStyle = "rgb(0,0," + s % 256 + ")"; x.fillRect(20, 20, 200, 100)</script>' >a.html
}

run() {
  chromium --headless --no-sandbox --disable-gpu --user-data-dir=/tmp/w/profile --window-size=500,400 \
    --disable-dev-shm-usage --screenshot=/tmp/w/a.png file:///tmp/w/a.html >log 2>&1
  convert a.png -format '%wx%h %[pixel:p{10,390}] %[pixel:p{100,150}]\n' info:
}
