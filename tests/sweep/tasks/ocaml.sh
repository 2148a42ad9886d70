# shellcheck shell=sh
# ocaml: compiles to native code and runs
# programs: ocamlopt

prepare() {
  cat >t.ml <<'END'
module M = Map.Make (String)
let () =
  let m = ref M.empty in
  for i = 0 to 200000 do
    let k = Printf.sprintf "w%d" (i * 7919 mod 5003) in
    m := M.add k (i + try M.find k !m with Not_found -> 0) !m
  done;
  let b = Buffer.create 16 in
  M.iter (fun k v -> Buffer.add_string b k; Buffer.add_string b (string_of_int v)) !m;
  Gc.compact ();
  Printf.printf "%d %s\n" (M.cardinal !m) (Digest.to_hex (Digest.string (Buffer.contents b)))
END
}

run() {
  ocamlopt -o t t.ml
  ./t
  ocaml t.ml
}
