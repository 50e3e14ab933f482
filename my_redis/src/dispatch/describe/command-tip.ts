/**
 * Hints of COMMAND INFO for proxies: whether replies vary, which nodes a request concerns, and how to combine their
 * replies.
 */
export type CommandTip =
  | "nondeterministic_output"
  | "nondeterministic_output_order"
  | `request_policy:${"all_nodes" | "all_shards" | "multi_shard" | "special"}`
  | `response_policy:${"agg_logical_and" | "agg_min" | "agg_sum" | "all_succeeded" | "one_succeeded" | "special"}`;
