import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { BallotShop, judgedAfterMs, windowMs } from "../gateway/ballot-shop.ts";
import {
  browserForTests,
  button,
  heading,
  logIn,
  look,
  lookEverywhere,
  openPage,
  register,
  says,
} from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a ballot on the page${service.reason}`, () => {
  const browser = browserForTests();

  test(
    "says plainly that one entered, has won and until when one may buy, or stands on the list and comes next",
    async () => {
      await using shop = await BallotShop.open();
      const { room, startsAtMs } = shop;
      await using visited = await openPage(browser(), room, address);
      await heading(visited.page, "A ballot opens before the sale");
      await says(visited.page, /2 winners are drawn from all who enter before/);
      await look(visited.page, "ballot-before");
      await room.goTo(room.opensAtMs);
      await register(visited.page, "Ada");
      await heading(visited.page, "Enter the ballot");
      await button(visited.page, "Enter").click();
      await says(visited.page, /Your entry is number 1\. The order is drawn at/);
      await lookEverywhere(visited.page, "ballot-entered");

      const others = await room.entered(4);
      await room.goTo(shop.closesAtMs);
      await using stranger = await openPage(browser(), room, address);
      await heading(stranger.page, "The entry is over");
      await says(stranger.page, /If you entered, log in to see your place\./);
      await look(stranger.page, "ballot-closed");
      const places = await Promise.all(others.map(async (buyer) => (await room.read(buyer)).body.place as number));
      const nameAt = (place: number): string =>
        places.includes(place) ? `visitor-${places.indexOf(place) + 1}` : "Ada";

      await using won = await openPage(browser(), room, address);
      await logIn(won.page, nameAt(1));
      await heading(won.page, "You have won");
      await says(won.page, /Your place is 1, and the first 2 win\. You can buy from .* to /);
      await lookEverywhere(won.page, "ballot-won");
      await using listed = await openPage(browser(), room, address);
      await logIn(listed.page, nameAt(3));
      await heading(listed.page, "You were not drawn among the winners");
      await says(listed.page, /Your place is 3, and the first 2 won\. On the list, you are next\./);
      await lookEverywhere(listed.page, "ballot-listed");

      await room.goTo(startsAtMs);
      await won.page.reload();
      await won.page.getByText(/You may buy now\. Your time ends at/).waitFor();
      await lookEverywhere(won.page, "ballot-turn");
      await room.goTo(startsAtMs + windowMs);
      await won.page.reload();
      await heading(won.page, "Your time to buy is over");
      await says(won.page, /your place has gone to the next one on the list/);
      await look(won.page, "ballot-passed-on");
      await room.goTo(startsAtMs + judgedAfterMs);
      await listed.page.reload();
      await listed.page.getByText(/You may buy now\./).waitFor();
      await button(listed.page, "Buy now").click();
      await heading(listed.page, "A unit is set aside");
      expect([...visited.complaints, ...stranger.complaints, ...won.complaints, ...listed.complaints]).toEqual([]);
    },
    timeoutMs,
  );
});
