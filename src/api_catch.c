/* A function that catches all is one whose unwind table names a personality that
 * says so.  C has no words for that: the function is written in assembler. */
#include "api_catch.h"

#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

/* The C++ library's, and those that come with it. */
extern void *__cxa_begin_catch(void *exception) __attribute__((weak));
extern void __cxa_end_catch(void) __attribute__((weak));
/* NOLINTBEGIN(readability-redundant-declaration): weak, which unwind.h does not say. */
extern __typeof__(_Unwind_SetGR) _Unwind_SetGR __attribute__((weak));
extern __typeof__(_Unwind_SetIP) _Unwind_SetIP __attribute__((weak));
/* NOLINTEND(readability-redundant-declaration) */

#if defined(__x86_64__)

extern const char ashlar_catch_landing[] __attribute__((visibility("hidden")));

/* Calls what it is given and returns false; true by way of the landing, where it
 * goes on if that throws, with the exception in the first register for such.  That
 * it has no frame but its own is what `naked` is for. */
static __attribute__((naked)) bool api_catch_call(void (*call)(void) __attribute__((unused)))
{
  __asm__(".cfi_personality 0x1b, ashlar_catch_personality\n\t"
          "endbr64\n\t"
          "subq $8, %rsp\n\t"
          ".cfi_adjust_cfa_offset 8\n\t"
          "callq *%rdi\n\t"
          "xorl %eax, %eax\n"
          ".Lashlar_catch_end:\n\t"
          "addq $8, %rsp\n\t"
          ".cfi_adjust_cfa_offset -8\n\t"
          "ret\n\t"
          ".cfi_adjust_cfa_offset 8\n\t"
          ".globl ashlar_catch_landing\n\t"
          ".hidden ashlar_catch_landing\n"
          "ashlar_catch_landing:\n\t"
          "endbr64\n\t"
          "movq %rax, %rdi\n\t"
          "callq ashlar_catch_drop\n\t"
          "movl $1, %eax\n\t"
          "jmp .Lashlar_catch_end\n\t"
          ".cfi_adjust_cfa_offset -8");
}

/* Ends an exception as `catch (...) {}` does. */
__attribute__((used, visibility("hidden"))) void ashlar_catch_drop(void *exception)
{
  if (__cxa_begin_catch != NULL && __cxa_end_catch != NULL) {
    __cxa_begin_catch(exception);
    __cxa_end_catch();
  }
}

/* Asked by the unwinder, first whether the exception ends here, then where.  What
 * ends the thread (pthread_exit, cancellation) passes. */
__attribute__((used, visibility("hidden"))) _Unwind_Reason_Code
ashlar_catch_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                         struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
  (void)class;
  if (version != 1) {
    return _URC_FATAL_PHASE1_ERROR;
  }
  if ((actions & _UA_FORCE_UNWIND) != 0) {
    return _URC_CONTINUE_UNWIND;
  }
  if ((actions & _UA_SEARCH_PHASE) != 0) {
    return _URC_HANDLER_FOUND;
  }
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (_Unwind_Word)(uintptr_t)exception);
  _Unwind_SetIP(context, (_Unwind_Ptr)ashlar_catch_landing);
  return _URC_INSTALL_CONTEXT;
}

bool api_catch(void (*call)(void))
{
  if (_Unwind_SetGR != NULL && _Unwind_SetIP != NULL) {
    return api_catch_call(call);
  }
  call();
  return false;
}

#else

bool api_catch(void (*call)(void))
{
  call();
  return false;
}

#endif
