;; Reads nodes of lists and of streams in an RDB file, and writes their elements into blocks of the heap, as rdb-kernel.wat
;; writes records. What is rare or wrong is left to the callers. rdb-kernel.ts describes the state at $s.
(module
  (import "kernels" "memory" (memory 1))
  (import "elements" "checkBlock" (func $checkBlock (param i32 i32 i32) (result i32)))
  (import "records" "length" (func $length (param i32 i32) (result i32)))
  (import "records" "string" (func $string (param i32 i32) (result i32)))
  (import "records" "packedElements" (func $packedElements (param i32 i32) (result i32)))
  (import "records" "block" (func $block (param i32 i32) (result i32)))

  ;; Reads up to $room nodes of a list; gives their number. For each there are four words at $out: the address of the
  ;; block, 0 and the length of the elements, which are the part of the block in use, and the number of elements.
  (func $listNodes (export "listNodes") (param $s i32) (param $out i32) (param $room i32) (result i32)
    (local $first i32) (local $stop i32) (local $at i32) (local $count i32) (local $length i32) (local $size i32)
    (local $to i32)
    (local.set $first (local.get $out))
    (local.set $stop (i32.add (local.get $out) (i32.shl (local.get $room) (i32.const 4))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $out) (local.get $stop)))
        (local.set $at (i32.load (local.get $s)))
        (br_if $done (i32.ge_u (local.get $at) (i32.load offset=4 (local.get $s))))
        (i32.store offset=44 (local.get $s) (i32.load offset=96 (local.get $s)))
        ;; Only packed nodes: others have one element.
        (br_if $done (i32.ne (call $length (local.get $s) (local.get $at)) (i32.const 2)))
        (local.set $at (call $packedElements (local.get $s) (i32.load offset=60 (local.get $s))))
        (br_if $done (i32.eqz (local.get $at)))
        (local.set $count (i32.load offset=132 (local.get $s)))
        (local.set $length (i32.load offset=40 (local.get $s)))
        (br_if $done (i32.eqz (local.get $count)))
        (br_if $done
          (i32.gt_u (i32.add (local.get $length) (i32.const 7)) (i32.load offset=88 (local.get $s))))
        (br_if $done (i32.gt_u (local.get $count) (i32.load offset=92 (local.get $s))))
        ;; Room for twice as much, within the usual size of a block, and for 64 bytes.
        (local.set $size (i32.shl (local.get $length) (i32.const 1)))
        (if (i32.gt_u (local.get $size) (i32.load offset=136 (local.get $s)))
          (then (local.set $size (i32.load offset=136 (local.get $s)))))
        (if (i32.lt_u (local.get $size) (local.get $length)) (then (local.set $size (local.get $length))))
        (if (i32.lt_u (local.get $size) (i32.const 64)) (then (local.set $size (i32.const 64))))
        (local.set $to (call $block (local.get $s) (local.get $size)))
        (br_if $done (i32.eqz (local.get $to)))
        (memory.copy (local.get $to) (i32.load offset=36 (local.get $s)) (local.get $length))
        (i32.store (local.get $out) (i32.load offset=128 (local.get $s)))
        (i32.store offset=4 (local.get $out) (i32.const 0))
        (i32.store offset=8 (local.get $out) (local.get $length))
        (i32.store offset=12 (local.get $out) (local.get $count))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (i32.store (local.get $s) (local.get $at))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $first)) (i32.const 4)))

  ;; Four bytes, the highest first.
  (func $bigEndian (param $at i32) (result i32)
    (i32.or
      (i32.and (i32.rotl (i32.load (local.get $at)) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (i32.load (local.get $at)) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; Reads up to $room nodes of a stream; gives their number. For each there are eight words at $out: the four of its id,
  ;; the highest first, address and length of the block, and the number of its entries. The id after which the entries
  ;; must be is in two numbers at the place of results + 16, and at the end the id of the last entry is there.
  (func $streamNodes (export "streamNodes") (param $s i32) (param $out i32) (param $room i32) (result i32)
    (local $first i32) (local $stop i32) (local $at i32) (local $ids i32) (local $length i32) (local $live i32)
    (local $start i32) (local $to i32)
    (local.set $ids (i32.load offset=124 (local.get $s)))
    (local.set $first (local.get $out))
    (local.set $stop (i32.add (local.get $out) (i32.shl (local.get $room) (i32.const 5))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $out) (local.get $stop)))
        (local.set $at (i32.load (local.get $s)))
        (br_if $done (i32.ge_u (local.get $at) (i32.load offset=4 (local.get $s))))
        (i32.store offset=44 (local.get $s) (i32.load offset=96 (local.get $s)))
        (local.set $at (call $string (local.get $s) (local.get $at)))
        (br_if $done (i32.or (i32.eqz (local.get $at)) (i32.load offset=56 (local.get $s))))
        (br_if $done (i32.ne (i32.load offset=40 (local.get $s)) (i32.const 16)))
        (local.set $start (i32.load offset=36 (local.get $s)))
        (i32.store (local.get $out) (call $bigEndian (local.get $start)))
        (i32.store offset=4 (local.get $out) (call $bigEndian (i32.add (local.get $start) (i32.const 4))))
        (i32.store offset=8 (local.get $out) (call $bigEndian (i32.add (local.get $start) (i32.const 8))))
        (i32.store offset=12 (local.get $out) (call $bigEndian (i32.add (local.get $start) (i32.const 12))))
        (local.set $at (call $packedElements (local.get $s) (local.get $at)))
        (br_if $done (i32.eqz (local.get $at)))
        (local.set $start (i32.load offset=36 (local.get $s)))
        (local.set $length (i32.load offset=40 (local.get $s)))
        ;; Two numbers, each with its lower word first. Only now: the checks before use the same place.
        (i32.store (local.get $ids) (i32.load offset=4 (local.get $out)))
        (i32.store offset=4 (local.get $ids) (i32.load (local.get $out)))
        (i32.store offset=8 (local.get $ids) (i32.load offset=12 (local.get $out)))
        (i32.store offset=12 (local.get $ids) (i32.load offset=8 (local.get $out)))
        (local.set $live
          (call $checkBlock (local.get $start) (i32.add (local.get $start) (local.get $length)) (local.get $ids)))
        (br_if $done (i32.eqz (local.get $live)))
        (local.set $to (call $block (local.get $s) (local.get $length)))
        (br_if $done (i32.eqz (local.get $to)))
        (memory.copy (local.get $to) (local.get $start) (local.get $length))
        (i32.store offset=16 (local.get $out) (i32.load offset=128 (local.get $s)))
        (i32.store offset=20 (local.get $out) (local.get $length))
        (i32.store offset=24 (local.get $out) (local.get $live))
        (i64.store offset=16 (local.get $ids) (i64.load offset=48 (local.get $ids)))
        (i64.store offset=24 (local.get $ids) (i64.load offset=56 (local.get $ids)))
        (local.set $out (i32.add (local.get $out) (i32.const 32)))
        (i32.store (local.get $s) (local.get $at))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $first)) (i32.const 5))))
