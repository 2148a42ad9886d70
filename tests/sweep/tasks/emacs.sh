# shellcheck shell=sh
# emacs: edits and sorts a buffer, byte-compiles
# programs: emacs

prepare() {
  text a.txt 4000
  cat >t.el <<'END'
;;; t.el --- work -*- lexical-binding: t -*-
(defun work ()
  (find-file "a.txt") (sort-lines nil (point-min) (point-max))
  (while (re-search-forward "w\\([0-9]\\)[0-9]*\\1 " nil t) (replace-match "<\\1>"))
  (message "%s" (buffer-hash)) (org-mode) (insert "* head\n") (undo-boundary)
  (princ (format "%s %d\n" (secure-hash 'sha256 (buffer-string)) (buffer-size)))
  (let ((h (make-hash-table :test 'equal))) (dotimes (i 100000) (puthash (format "k%d" (% i 977)) i h))
    (princ (format "%d\n" (hash-table-count h)))))
(provide 't)
END
}

run() {
  emacs --batch -Q -l t.el -f work
  emacs --batch -Q -f batch-byte-compile t.el
  test -s t.elc
}
