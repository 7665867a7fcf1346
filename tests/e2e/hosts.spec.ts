import type { Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { Host } from "./host";
import { finish, says, script } from "./provider";
import { expect, test } from "./test";

test.describe.configure({ mode: "serial" });

let host: Host;
test.beforeAll(async () => {
  host = await Host.start();
});
test.afterAll(() => host.stop());

async function enter(page: Page): Promise<void> {
  await page.getByLabel("Email address").fill("ann@example.com");
  await page.getByLabel("Password").fill("lovelace");
  await page.getByRole("button", { name: "Enter" }).click();
}

test("the page of a host stands under its own path, behind the host's login", async ({ page }) => {
  const paths: string[] = [];
  page.on("request", (request) => paths.push(new URL(request.url()).pathname));
  page.on("websocket", (socket) => paths.push(new URL(socket.url()).pathname));
  const chat = new ChatPage(page, `${host.url}/assistant`);
  const model = await script([
    says("```python\nprint(1)\n```\n\nand $$\\frac{1}{2}$$ of it"),
    ...finish(),
  ]);

  await page.goto(`${host.url}/assistant/?list=true`);
  await expect(page).toHaveURL(`${host.url}/enter/?next=%2Fassistant%2F%3Flist%3Dtrue`);
  await enter(page);
  await expect(page).toHaveURL(`${host.url}/assistant/?list=true`);
  await page.goto(`${host.url}/assistant/`);
  const { id } = await page.evaluate(async (model) => {
    const token = /of_host=([^;]+)/.exec(document.cookie)?.[1] ?? "";
    const answer = await fetch("/assistant/api/chats/", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ title: "A chat", model }),
    });
    return answer.json();
  }, model);
  await expect(chat.row("A chat")).toBeVisible();
  await chat.row("A chat").click();
  await expect(page).toHaveURL(`${host.url}/assistant/chats/${id}`);
  await chat.send("Hello");
  await expect(chat.answer.locator(".katex").first()).toBeVisible();
  await expect(chat.answer.locator("pre code span").first()).toBeVisible();
  await chat.expectSettled();

  await page.reload();
  await expect(chat.answer).toContainText("print(1)");
  await page.getByRole("button", { name: /^Account/ }).click();
  await expect(page.getByRole("menuitem")).toHaveText(["Settings"]);
  await page.keyboard.press("Escape");
  const file = await page.evaluate(async () => {
    const link = [...document.querySelectorAll("a[href]")].map((one) => one.getAttribute("href"));
    return link.filter((href) => !href?.startsWith("/assistant/"));
  });
  expect(file).toEqual([]);

  const strays = paths.filter((path) => !path.startsWith("/assistant/") && path !== "/enter/");
  expect(strays).toEqual([]);
  expect(paths).toContain("/assistant/ws/");
  await page.goto(`${host.url}/assistant/login`);
  await expect(page.getByText("There is nothing at this address.")).toBeVisible();
});

test("whoever leaves the host is sent to its login from every open page, and comes back", async ({
  page,
  context,
  guard,
}) => {
  guard.allow(NETWORK_FAILURES);
  const chat = new ChatPage(page, `${host.url}/assistant`);
  await page.goto(`${host.url}/assistant/`);
  await enter(page);
  await expect(chat.box).toBeVisible();
  await chat.send("Hello");
  await expect(page).toHaveURL(/\/assistant\/chats\//);
  await chat.expectSettled();
  const address = page.url();
  const token = (await context.cookies()).find(({ name }) => name === "of_host")?.value ?? "";

  await context.request.post(`${host.url}/leave/`, {
    headers: { "X-CSRFToken": token },
    maxRedirects: 0,
    failOnStatusCode: false,
  });
  await expect(page).toHaveURL(/\/enter\/\?next=%2Fassistant%2Fchats%2F/, { timeout: 5_000 });
  await enter(page);
  await expect(page).toHaveURL(address);
  await expect(chat.questions).toHaveText(/Hello/);
});
