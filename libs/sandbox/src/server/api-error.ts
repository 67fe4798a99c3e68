/** An answer other than success. Each service writes it in its own shape. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Neutron's exception type, where one is needed. */
    readonly type?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export const badRequest = (message: string, type?: string): ApiError => new ApiError(400, message, type);
export const forbidden = (message: string, type?: string): ApiError => new ApiError(403, message, type);
export const notFound = (message: string, type?: string): ApiError => new ApiError(404, message, type);
export const conflict = (message: string, type?: string): ApiError => new ApiError(409, message, type);
