import { expect, type Page, type Request } from "@playwright/test";

type Passage = "open" | "blocked";

/** A network that may let no sockets through, nor answers that stream. */
export class Network {
  socket: Passage = "open";
  stream: Passage = "open";
  /** How many sockets have reached the server. */
  sockets = 0;
  /** How many messages were asked for one by one. */
  fetched = 0;
  readonly #streams = new Set<Request>();

  static async of(page: Page): Promise<Network> {
    const network = new Network();
    await page.routeWebSocket("**/ws/", (socket) => {
      if (network.socket === "blocked") void socket.close();
      else {
        socket.connectToServer();
        network.sockets += 1;
      }
    });
    await page.route("**/api/events/", (route) =>
      network.stream === "blocked" ? route.abort() : route.fallback(),
    );
    page.on("request", (request) => {
      if (/\/api\/messages\/[^/]+\/$/.test(request.url())) network.fetched += 1;
      if (request.url().endsWith("/api/events/")) network.#streams.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"] as const)
      page.on(end as "requestfinished", (request) => void network.#streams.delete(request));
    return network;
  }

  async expectStreamEnded(): Promise<void> {
    await expect.poll(() => this.#streams.size, { timeout: 20_000 }).toBe(0);
  }
}
