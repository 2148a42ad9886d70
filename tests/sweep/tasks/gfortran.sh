# shellcheck shell=sh
# gfortran: compiles and runs allocatable arrays
# programs: gfortran

prepare() {
  cat >t.f90 <<'END'
program t
  implicit none
  real(8), allocatable :: a(:,:), b(:,:)
  character(:), allocatable :: s
  integer :: i
  allocate(a(300,300), b(300,300)); a = 1d0; s = ''
  do i = 1, 300
    a(i,i) = i; s = s // 'x'
  end do
  b = matmul(a, transpose(a)); print '(F12.2,I6)', sum(b), len(s)
end program
END
}

run() {
  gfortran -O1 t.f90 -o t
  ./t
}
