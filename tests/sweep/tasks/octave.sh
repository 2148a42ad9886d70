# shellcheck shell=sh
# octave: matrices and cells
# programs: octave-cli

run() {
  octave-cli --norc --quiet --eval '
    A = reshape(mod((1:160000) * 7919, 1009), 400, 400) + 1000 * eye(400);
    printf("%.6f %.6f\n", trace(inv(A)), norm(A * (A \ ones(400, 1)) - 1) < 1e-6);
    c = cell(1, 20000); for i = 1:20000, c{i} = repmat("x", 1, mod(i, 40)); end
    printf("%d %d\n", sum(cellfun(@numel, c)), numel(unique(c)));
    s = struct(); for i = 1:500, s.(sprintf("f%d", i)) = i; end; printf("%d\n", numfields(s));'
}
