# shellcheck shell=sh
# php: arrays, strings, JSON and regular expressions, with all extensions
# programs: php

prepare() {
  cat >t.php <<'END'
<?php
$words = [];
for ($i = 0; $i < 200000; $i++) { $w = "w" . ($i * 7919 % 5003); $words[$w] = ($words[$w] ?? 0) + 1; }
ksort($words);
echo count($words), " ", md5(json_encode($words)), "\n";
$text = implode(" ", array_keys($words));
echo preg_match_all('/w(\d)\d*\1/', $text), " ", strlen(gzcompress($text, 9)), "\n";
class Node { public $next; public $data; function __construct($d) { $this->data = $d; } }
$head = null;
for ($i = 0; $i < 50000; $i++) { $n = new Node(str_repeat("x", $i % 100)); $n->next = $head; $head = $n; }
$sum = 0; for ($n = $head; $n; $n = $n->next) { $sum += strlen($n->data); }
echo $sum, " ", hash("sha256", serialize($words)), "\n";
echo (new DateTime("2020-02-29"))->modify("+1 year")->format("c"), "\n";
$dom = strlen(var_export(iconv("UTF-8", "ISO-8859-1", "äöü"), true)); echo $dom, "\n";
END
}

run() {
  php t.php
  php -m
}
