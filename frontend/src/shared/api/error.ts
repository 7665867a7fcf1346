import { strings } from "@/shared/strings";

export interface FieldError {
  code: string;
  detail: string;
}

/** The one error that every call of the server throws; status 0 means that no answer came at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, FieldError[]>;

  constructor(
    status: number,
    code: string,
    detail: string,
    fields: Record<string, FieldError[]> = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** Words for the reader about one field, or undefined where the server had nothing against it. */
  field(name: string): string | undefined {
    return this.fields[name]?.map((error) => error.detail).join(" ") || undefined;
  }
}

/** Turns whatever was thrown into an ApiError. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  // fetch rejects with a TypeError when the network or the server is not there.
  return new ApiError(0, "unreachable", strings.errors.unreachable);
}

/** The error of an answer that was not a success; an answer that is not ours (a proxy's page) gets plain words. */
export function errorFrom(status: number, body: unknown): ApiError {
  if (isErrorBody(body)) return new ApiError(status, body.code, body.detail, body.fields);
  if (status >= 500) return new ApiError(status, "unreachable", strings.errors.unreachable);
  return new ApiError(status, "unknown", strings.errors.unknown);
}

function isErrorBody(
  body: unknown,
): body is { code: string; detail: string; fields?: Record<string, FieldError[]> } {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
