# shellcheck shell=sh
# guile: hash tables, strings, collections of garbage
# programs: guile

run() {
  GUILE_AUTO_COMPILE=0 guile -c '
    (define h (make-hash-table))
    (do ((i 0 (+ i 1))) ((= i 200000)) (hash-set! h (string->symbol (string-append "w" (number->string (modulo (* i 7919) 5003)))) i))
    (display (hash-count (const #t) h)) (newline) (gc)
    (display (apply + (hash-map->list (lambda (k v) v) h))) (newline)'
}
