// The tabs of a browser share one session. Each tells the others when a user comes or goes.

const tabs = new BroadcastChannel("seckill-session");

/** Undefined when nobody is logged in any more. */
export function tellOtherTabs(userID: string | undefined): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
  tabs.postMessage(userID);
}

export function watchOtherTabs(onUser: (userID: string | undefined) => void): void {
  tabs.addEventListener("message", ({ data }: MessageEvent<string | undefined>) => onUser(data));
}
