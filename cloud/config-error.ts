// A setting, flag, key file or address that cannot be used. The message names it and says what to do; the process ends
// with 78 (sysexits EX_CONFIG) before anything has been touched.

export class CloudConfigError extends Error {
  readonly code = 'TENDER_CLOUD_CONFIG_INVALID';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CloudConfigError';
  }
}
