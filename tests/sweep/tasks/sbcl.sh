# shellcheck shell=sh
# sbcl: hash tables and lists
# programs: sbcl

run() {
  sbcl --noinform --non-interactive --no-userinit --eval '
    (let ((h (make-hash-table :test (quote equal))))
      (dotimes (i 200000) (incf (gethash (format nil "w~d" (mod (* i 7919) 5003)) h 0) i))
      (format t "~d ~d~%" (hash-table-count h) (loop for v being the hash-values of h sum v))
      (gc :full t) (format t "~d~%" (length (sort (loop for k being the hash-keys of h collect k) (function string<)))))'
}
