# shellcheck shell=sh
# sqlite: builds and queries a database
# programs: sqlite3
# quick:

run() {
  sqlite3 -batch t.db "PRAGMA synchronous = OFF; CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, name TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO t SELECT i, (i * 7919) % 1000, printf('name%08x', (i * 2654435761) % 4294967296) FROM n;
    CREATE INDEX name ON t(name); SELECT k, count(*), max(name) FROM t GROUP BY k ORDER BY 3 LIMIT 5;
    SELECT count(*) FROM t a JOIN t b ON a.name = b.name WHERE a.k < 100; DELETE FROM t WHERE k % 50 = 7;
    SELECT count(*), sum(length(name)) FROM t; PRAGMA integrity_check; VACUUM;"
  digest t.db
}
