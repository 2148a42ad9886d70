# shellcheck shell=sh
# ssh-keygen: keys, signatures, an agent
# programs: ssh-keygen ssh-agent ssh-add

run() {
  for type in rsa ecdsa ed25519; do
    ssh-keygen -q -t $type -N pass -f k-$type
    ssh-keygen -y -P pass -f k-$type | cut -d ' ' -f 1
  done
  ssh-keygen -q -t ed25519 -N '' -f k
  echo text >a
  ssh-keygen -q -Y sign -f k -n file a
  printf 'me %s\n' "$(cat k.pub)" >allowed
  ssh-keygen -q -Y verify -f allowed -I me -n file -s a.sig <a
  eval "$(ssh-agent -s)" >/dev/null
  ssh-add -q k
  ssh-add -l | wc -l
  ssh-agent -k >/dev/null
}
