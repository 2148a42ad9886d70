# shellcheck shell=sh
# ffmpeg: encodes and decodes video and sound with threads
# programs: ffmpeg
# time: 120

run() {
  ffmpeg -v error -f lavfi -i testsrc2=duration=3:size=640x360:rate=25 \
    -f lavfi -i sine=duration=3 -c:v libx264 -preset fast -threads 4 -c:a aac -bitexact \
    -fflags +bitexact -flags:v +bitexact -flags:a +bitexact out.mkv
  ffmpeg -v error -i out.mkv -map 0:v -f framemd5 - | sha256sum
  ffmpeg -v error -i out.mkv -vf scale=320:-1 -c:v mpeg4 -threads 1 -an -f avi - | wc -c
}
