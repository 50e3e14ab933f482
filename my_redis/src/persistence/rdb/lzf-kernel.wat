;; Decompression of LZF; lzf.ts describes the format.
(module
  (import "kernels" "memory" (memory 1))

  ;; Decompresses items from $at on until $stop, or until the output has reached $full. Gives where the next item begins,
  ;; or -1 for literals beyond the end, -2 for a reference outside of the string. The place after the output is then at
  ;; $result.
  ;;   $end     no item may read beyond it; items begin before $stop, which is not after $end
  ;;   $first   no reference may go before it
  ;;   $limit   where the string ends; it may be beyond $full
  ;; An item writes at most 264 bytes, and up to 7 more that are meaningless: there is room for them after $full.
  (func $decompress (export "decompress")
    (param $at i32) (param $stop i32) (param $end i32)
    (param $first i32) (param $to i32) (param $full i32) (param $limit i32) (param $result i32) (result i32)
    (local $control i32) (local $count i32) (local $from i32) (local $distance i32) (local $last i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $stop)))
        (br_if $done (i32.ge_u (local.get $to) (local.get $full)))
        (local.set $control (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.lt_u (local.get $control) (i32.const 32))
          (then
            (local.set $count (i32.add (local.get $control) (i32.const 1)))
            (local.set $last (i32.add (local.get $to) (local.get $count)))
            (if (i32.or
                  (i32.gt_u (i32.add (local.get $at) (local.get $count)) (local.get $end))
                  (i32.gt_u (local.get $last) (local.get $limit)))
              (then (return (i32.const -1))))
            (local.set $from (local.get $at))
            (local.set $at (i32.add (local.get $at) (local.get $count))))
          (else
            (local.set $count (i32.add (i32.shr_u (local.get $control) (i32.const 5)) (i32.const 2)))
            (if (i32.eq (local.get $count) (i32.const 9))
              (then
                (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -2))))
                (local.set $count (i32.add (i32.const 9) (i32.load8_u (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))))
            (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -2))))
            (local.set $distance
              (i32.add
                (i32.const 1)
                (i32.or
                  (i32.shl (i32.and (local.get $control) (i32.const 31)) (i32.const 8))
                  (i32.load8_u (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $last (i32.add (local.get $to) (local.get $count)))
            (if (i32.or
                  (i32.gt_u (local.get $distance) (i32.sub (local.get $to) (local.get $first)))
                  (i32.gt_u (local.get $last) (local.get $limit)))
              (then (return (i32.const -2))))
            (local.set $from (i32.sub (local.get $to) (local.get $distance)))
            (if (i32.lt_u (local.get $distance) (i32.const 8))
              (then
                ;; Byte by byte: a match may overlap its own result.
                (loop $bytes
                  (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
                  (local.set $to (i32.add (local.get $to) (i32.const 1)))
                  (local.set $from (i32.add (local.get $from) (i32.const 1)))
                  (br_if $bytes (i32.lt_u (local.get $to) (local.get $last))))
                (br $next)))))
        (loop $words
          (i64.store (local.get $to) (i64.load (local.get $from)))
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (local.set $from (i32.add (local.get $from) (i32.const 8)))
          (br_if $words (i32.lt_u (local.get $to) (local.get $last))))
        (local.set $to (local.get $last))
        (br $next)))
    (i32.store (local.get $result) (local.get $to))
    (local.get $at)))
