# shellcheck shell=sh
# rscript: statistics, matrices and data frames
# programs: Rscript

prepare() {
  cat >t.R <<'END'
set.seed(1)
d <- data.frame(g = sample(letters, 50000, TRUE), x = round(rnorm(50000), 6), y = round(runif(50000), 6))
print(head(aggregate(x ~ g, d, mean), 5)); print(round(coef(lm(y ~ x, d)), 8))
m <- matrix(round(rnorm(90000), 4), 300); print(round(sum(abs(solve(crossprod(m) + diag(300)))), 4))
s <- sapply(1:20000, function(i) paste(rep("x", i %% 30), collapse = "")); print(table(nchar(s))[1:5])
print(summary(prcomp(m[, 1:10]))$importance[2, 1:3]); invisible(gc())
END
}

run() {
  Rscript --vanilla t.R
}
