# shellcheck shell=sh
# openssl: digests, keys, certificates, a connection over the loopback
# programs: openssl

prepare() {
  text a.txt 5000
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost 2>/dev/null
}

run() {
  openssl dgst -sha3-512 a.txt
  openssl enc -aes-256-cbc -pbkdf2 -S 0123456789abcdef -k pass -in a.txt | sha256sum
  openssl dgst -sha256 -sign key.pem -out s a.txt
  openssl x509 -in cert.pem -pubkey -noout >pub.pem
  openssl dgst -sha256 -verify pub.pem -signature s a.txt
  openssl s_server -accept 127.0.0.1:4433 -cert cert.pem -key key.pem -WWW -quiet >/dev/null 2>&1 &
  until_true 10 sh -c 'printf "GET /a.txt HTTP/1.0\r\n\r\n" | openssl s_client -connect 127.0.0.1:4433 -quiet'
  printf 'GET /a.txt HTTP/1.0\r\n\r\n' | openssl s_client -connect 127.0.0.1:4433 -quiet 2>/dev/null |
    tail -n 5000 | sha256sum
  openssl genrsa 2048 2>/dev/null | openssl rsa -check -noout 2>&1
  kill $!
}
