# shellcheck shell=sh
# gpg: makes a key, signs, encrypts and decrypts through its agent
# programs: gpg gpg-agent

prepare() {
  text a.txt 3000
}

run() {
  GNUPGHOME=/tmp/w/g
  export GNUPGHOME
  mkdir -m 700 g
  gpg -q --batch --passphrase '' --quick-gen-key a@example.org default default never 2>/dev/null
  gpg -q --batch --yes -r a@example.org -s -e -o a.gpg a.txt 2>/dev/null
  gpg -q --batch -d a.gpg 2>/dev/null | sha256sum
  gpg --batch --with-colons -k 2>/dev/null | cut -d : -f 1,2,3,4
  gpgconf --kill all
}
