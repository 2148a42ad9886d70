# shellcheck shell=sh
# ghc: compiles and runs a program
# programs: ghc
# time: 120

prepare() {
  cat >t.hs <<'END'
import qualified Data.Map.Strict as M
import Data.List (foldl')
main :: IO ()
main = do
  let m = foldl' (\a i -> M.insertWith (+) (i * 7919 `mod` 5003) i a) M.empty [1 .. 200000 :: Int]
  print (M.size m, M.foldl' (+) 0 m)
  putStrLn (take 60 (concatMap show (M.elems m)))
END
}

run() {
  ghc -v0 -O1 t.hs -o t
  ./t
}
