const plain = new Intl.NumberFormat('en-GB');
const percent = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 1 });

/** For example 1,234,567. */
export const formatNumber = (number: number): string => plain.format(Math.round(number));

/** For example 12.5%. */
export const formatShare = (share: number): string => percent.format(share);
