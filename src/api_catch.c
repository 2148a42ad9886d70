/* A function that catches all is one whose unwind table names a personality that
 * says so.  C has no words for that: the function is written in assembler. */
#include "api_catch.h"

#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

/* The C++ library's, and those that come with it. */
extern void *__cxa_begin_catch(void *exception) __attribute__((weak));
extern void __cxa_end_catch(void) __attribute__((weak));
#pragma weak _Unwind_SetGR
#pragma weak _Unwind_SetIP

#if defined(__x86_64__) || defined(__aarch64__)

/* Calls what it is given and returns false; true by way of the landing, where it
 * goes on if that throws, with the exception in the first register for such. */
extern bool ashlar_catch_call(void (*call)(void)) __attribute__((visibility("hidden")));
extern const char ashlar_catch_landing[] __attribute__((visibility("hidden")));

#ifdef __x86_64__
__asm__(".pushsection .text\n"
        ".globl ashlar_catch_call\n"
        ".hidden ashlar_catch_call\n"
        ".type ashlar_catch_call, @function\n"
        "ashlar_catch_call:\n"
        ".cfi_startproc\n"
        ".cfi_personality 0x1b, ashlar_catch_personality\n"
        "endbr64\n"
        "subq $8, %rsp\n"
        ".cfi_adjust_cfa_offset 8\n"
        "callq *%rdi\n"
        "xorl %eax, %eax\n"
        ".Lashlar_catch_end:\n"
        "addq $8, %rsp\n"
        ".cfi_adjust_cfa_offset -8\n"
        "ret\n"
        ".cfi_adjust_cfa_offset 8\n"
        ".globl ashlar_catch_landing\n"
        ".hidden ashlar_catch_landing\n"
        "ashlar_catch_landing:\n"
        "endbr64\n"
        "movq %rax, %rdi\n"
        "callq ashlar_catch_drop\n"
        "movl $1, %eax\n"
        "jmp .Lashlar_catch_end\n"
        ".cfi_endproc\n"
        ".size ashlar_catch_call, .-ashlar_catch_call\n"
        ".popsection\n");
#else
__asm__(".pushsection .text\n"
        ".globl ashlar_catch_call\n"
        ".hidden ashlar_catch_call\n"
        ".type ashlar_catch_call, %function\n"
        "ashlar_catch_call:\n"
        ".cfi_startproc\n"
        ".cfi_personality 0x1b, ashlar_catch_personality\n"
        "hint #34\n" /* bti c */
        "stp x29, x30, [sp, #-16]!\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset 29, -16\n"
        ".cfi_offset 30, -8\n"
        "mov x29, sp\n"
        "blr x0\n"
        "mov w0, #0\n"
        "b .Lashlar_catch_end\n"
        ".globl ashlar_catch_landing\n"
        ".hidden ashlar_catch_landing\n"
        "ashlar_catch_landing:\n"
        "hint #36\n" /* bti j */
        "bl ashlar_catch_drop\n"
        "mov w0, #1\n"
        ".Lashlar_catch_end:\n"
        "ldp x29, x30, [sp], #16\n"
        ".cfi_restore 29\n"
        ".cfi_restore 30\n"
        ".cfi_def_cfa_offset 0\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size ashlar_catch_call, .-ashlar_catch_call\n"
        ".popsection\n");
#endif

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
    return ashlar_catch_call(call);
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
