/*
 * swap.S - void mpool_swap(void **save, void *load): saves what a call has to preserve on the stack and
 * the stack pointer in *save, and takes the same from the stack at load. mpool_swap_start is what a new
 * stack returns to; there backtraces end.
 *
 * The return is predicted where both sides come from the same call. No shadow stack is kept, so the
 * object is not marked for one.
 */
#include <config.h>
#include "swap.h"

#if MPOOL_SWAP_ASM && defined __x86_64__
	.text
	.p2align 4
	.globl mpool_swap
	.hidden mpool_swap
	.type mpool_swap, @function
mpool_swap:
	.cfi_startproc
	endbr64
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq %r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq %r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq %r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq %r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	movl (%rsp), %eax
	movzwl 4(%rsp), %ecx
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	/* To load control words costs more than to see that they are the same. */
	cmpl (%rsp), %eax
	jne 2f
1:	cmpw 4(%rsp), %cx
	jne 3f
4:	addq $8, %rsp
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	popq %r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq %r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq %r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq %r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	ret
2:	.cfi_restore_state
	ldmxcsr (%rsp)
	jmp 1b
3:	fldcw 4(%rsp)
	jmp 4b
	.cfi_endproc
	.size mpool_swap, .-mpool_swap

	.p2align 4
	.globl mpool_swap_start
	.hidden mpool_swap_start
	.type mpool_swap_start, @function
mpool_swap_start:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	xorl %ebp, %ebp
	movq %r12, %rdi
	call *%rbx
	ud2
	.cfi_endproc
	.size mpool_swap_start, .-mpool_swap_start

#if defined __CET__ && (__CET__ & 1)
	/* Every indirect branch ends at an endbr64. */
	.section .note.gnu.property, "a"
	.p2align 3
	.long 4
	.long 16
	.long 5
	.asciz "GNU"
	.long 0xc0000002
	.long 4
	.long 1
	.long 0
#endif

#elif MPOOL_SWAP_ASM && defined __aarch64__
	.text
	.p2align 4
	.globl mpool_swap
	.hidden mpool_swap
	.type mpool_swap, %function
mpool_swap:
	.cfi_startproc
	hint #34                        /* bti c */
	sub sp, sp, #176
	.cfi_def_cfa_offset 176
	stp x29, x30, [sp, #0]
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	.cfi_offset x29, -176
	.cfi_offset x30, -168
	.cfi_offset x19, -160
	.cfi_offset x20, -152
	.cfi_offset x21, -144
	.cfi_offset x22, -136
	.cfi_offset x23, -128
	.cfi_offset x24, -120
	.cfi_offset x25, -112
	.cfi_offset x26, -104
	.cfi_offset x27, -96
	.cfi_offset x28, -88
	mrs x9, fpcr
	str x9, [sp, #160]
	mov x10, sp
	str x10, [x0]
	mov sp, x1
	ldr x10, [sp, #160]
	cmp x9, x10
	b.eq 1f
	msr fpcr, x10
1:	ldp x29, x30, [sp, #0]
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp d8, d9, [sp, #96]
	ldp d10, d11, [sp, #112]
	ldp d12, d13, [sp, #128]
	ldp d14, d15, [sp, #144]
	add sp, sp, #176
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size mpool_swap, .-mpool_swap

	.p2align 4
	.globl mpool_swap_start
	.hidden mpool_swap_start
	.type mpool_swap_start, %function
mpool_swap_start:
	.cfi_startproc
	.cfi_undefined x30
	hint #36                        /* bti j */
	mov x29, #0
	mov x30, #0
	mov x0, x20
	blr x19
	brk #1
	.cfi_endproc
	.size mpool_swap_start, .-mpool_swap_start
#endif

#if defined __ELF__
	.section .note.GNU-stack, "", %progbits
#endif
