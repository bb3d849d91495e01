"""Makes the images beside this file: python3 make.py (needs numpy and Pillow).

All show the same drawn gradient, 48 x 32 pixels: red 40 to 210 from left to right, green 40 to 210 from top to bottom,
blue 128. Files whose variant Pillow cannot write come from the small writer below, which stores only the mean of each
8 x 8 block.
"""
import os, struct
import numpy as np
from PIL import Image

W, H = 48, 32
HERE = os.path.dirname(os.path.abspath(__file__))

def gradient():
    y, x = np.mgrid[0:H, 0:W]
    red, green = 40 + 170 * (x + 0.5) / W, 40 + 170 * (y + 0.5) / H
    return np.stack([red, green, np.full((H, W), 128.0)], -1)

def at(name):
    return os.path.join(HERE, name)

# Annex K.3 DC code lengths; the AC table has a single code, end of block.
DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]

def dc_codes():
    code, symbol, codes = 0, 0, {}
    for length, count in enumerate(DC_COUNTS, 1):
        for _ in range(count):
            codes[symbol] = format(code, f'0{length}b')
            code, symbol = code + 1, symbol + 1
        code <<= 1
    return codes

def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack('>H', len(content) + 2) + content

def entropy(bits):
    bits += '1' * (-len(bits) % 8)
    out = bytearray()
    for i in range(0, len(bits), 8):
        out.append(int(bits[i:i + 8], 2))
        if out[-1] == 0xFF:
            out.append(0)
    return bytes(out)

def write_jpeg(name, planes, factors, adobe=None, interleaved=True):
    """planes: one H x W array of samples for each component."""
    codes, count = dc_codes(), len(factors)
    across, down = max(a for a, _ in factors), max(b for _, b in factors)
    out = b'\xff\xd8'
    if adobe is not None:
        out += segment(0xEE, b'Adobe\0\x64\0\0\0\0' + bytes([adobe]))
    out += segment(0xDB, b'\0' + b'\x08' * 64)
    specs = b''.join(bytes([n + 1, a << 4 | b, 0]) for n, (a, b) in enumerate(factors))
    out += segment(0xC0, struct.pack('>BHHB', 8, H, W, count) + specs)
    out += segment(0xC4, b'\0' + bytes(DC_COUNTS) + bytes(range(12)))
    out += segment(0xC4, b'\x10' + bytes([1] + [0] * 15) + b'\0')

    def block(n, bx, by, before):
        a, b = factors[n]
        width, height = 8 * across // a, 8 * down // b
        part = planes[n][by * height:(by + 1) * height, bx * width:(bx + 1) * width]
        level = int(round(part.mean())) - 128 if part.size else before[n]
        change, before[n] = level - before[n], level
        size = abs(change).bit_length()
        value = change if change > 0 else change + (1 << size) - 1
        return codes[size] + (format(value, f'0{size}b') if size else '') + '0'

    for scan in [range(count)] if interleaved else [[n] for n in range(count)]:
        header = bytes([len(scan)]) + b''.join(bytes([n + 1, 0]) for n in scan) + b'\0\x3f\0'
        bits, before = '', [0] * count
        if len(scan) == 1:
            a, b = factors[scan[0]]
            for by in range(-(-(H * b // down) // 8)):
                for bx in range(-(-(W * a // across) // 8)):
                    bits += block(scan[0], bx, by, before)
        else:
            for my in range(-(-H // (8 * down))):
                for mx in range(-(-W // (8 * across))):
                    for n in scan:
                        a, b = factors[n]
                        for j in range(b):
                            for i in range(a):
                                bits += block(n, mx * a + i, my * b + j, before)
        out += segment(0xDA, header) + entropy(bits)
    open(at(name), 'wb').write(out + b'\xff\xd9')

def main():
    rgb = gradient()
    picture = Image.fromarray(np.round(rgb).astype(np.uint8))
    grey = picture.convert('L')

    for name, sampling in (('444', '4:4:4'), ('422', '4:2:2'), ('420', '4:2:0')):
        picture.save(at(f'jpeg-{name}.jpg'), quality=90, subsampling=sampling, dpi=(300, 300))
        picture.save(at(f'jpeg-{name}-progressive.jpg'), quality=90, subsampling=sampling, progressive=True)
    picture.save(at('jpeg-restart.jpg'), quality=90, restart_marker_blocks=2)
    picture.save(at('jpeg-restart-progressive.jpg'), quality=90, restart_marker_blocks=2, progressive=True)
    picture.save(at('jpeg-rgb.jpg'), quality=90, keep_rgb=True)
    grey.save(at('jpeg-grey.jpg'), quality=90)
    grey.save(at('jpeg-grey-progressive.jpg'), quality=90, progressive=True)
    picture.convert('CMYK').save(at('jpeg-cmyk-adobe.jpg'), quality=90)
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = 6, 240.0, 120.0, 2
    turned = picture.transpose(Image.Transpose.ROTATE_90)  # orientation 6 turns it back
    turned.save(at('jpeg-turned.jpg'), quality=90, exif=exif)
    turned.save(at('png-turned.png'), exif=exif)
    turned.save(at('webp-turned.webp'), lossless=True, exif=exif)
    turned.save(at('tiff-turned.tif'), compression='tiff_lzw', tiffinfo={274: 6, 317: 2}, dpi=(240, 120))

    y, cb, cr = (np.asarray(plane, float) for plane in picture.convert('YCbCr').split())
    for name, luma in (('440', (1, 2)), ('411', (4, 1)), ('410', (4, 2)), ('441', (1, 4))):
        write_jpeg(f'dc-{name}.jpg', [y, cb, cr], [luma, (1, 1), (1, 1)])
    write_jpeg('dc-grey-22.jpg', [y], [(2, 2)])
    write_jpeg('dc-rgb-adobe.jpg', list(np.moveaxis(rgb, -1, 0)), [(1, 1)] * 3, adobe=0)
    white = np.full((H, W), 255.0)
    write_jpeg('dc-cmyk-plain.jpg', [255 - c for c in np.moveaxis(rgb, -1, 0)] + [white * 0], [(1, 1)] * 4)
    write_jpeg('dc-cmyk-adobe-420.jpg', list(np.moveaxis(rgb, -1, 0)) + [white],
               [(2, 2), (1, 1), (1, 1), (2, 2)], adobe=0)
    # Adobe's YCCK is the YCbCr of the complement of the inverted inks, that is, of the negative (checked with libjpeg).
    write_jpeg('dc-ycck.jpg', [255 - y, 255 - cb, 255 - cr, white], [(1, 1)] * 4, adobe=2)
    write_jpeg('dc-not-interleaved.jpg', [y, cb, cr], [(1, 2), (1, 1), (1, 1)], interleaved=False)
    write_jpeg('dc-fine-colour.jpg', [y, cb, cr], [(1, 1), (2, 2), (2, 2)])
    write_jpeg('dc-factor-3.jpg', [y, cb, cr], [(3, 1), (1, 1), (1, 1)])

    difference = {317: 2}  # predictor
    picture.save(at('tiff-lzw.tif'), compression='tiff_lzw', dpi=(600, 600), tiffinfo=difference)
    picture.save(at('tiff-deflate.tif'), compression='tiff_adobe_deflate')
    picture.save(at('tiff-jpeg.tif'), compression='jpeg')
    picture.quantize(256).save(at('tiff-palette.tif'), compression='tiff_lzw')
    picture.quantize(16).save(at('tiff-palette-4bit.tif'), bits=4)
    picture.convert('CMYK').save(at('tiff-cmyk.tif'), compression='tiff_lzw', tiffinfo=difference)
    grey.save(at('tiff-grey.tif'), compression='tiff_lzw')
    deep = Image.fromarray(np.round(rgb[..., 0] * 257).astype(np.uint16))
    deep.save(at('tiff-grey-16.tif'), compression='tiff_lzw')
    picture.save(at('tiff-two-pages.tif'), save_all=True, append_images=[Image.new('RGB', (8, 8))],
                 compression='tiff_lzw', tiffinfo=difference)
    grey.convert('1', dither=Image.Dither.NONE).save(at('tiff-bilevel.tif'), compression='group4')
    picture.save(at('png-300dpi.png'), dpi=(300, 300))
    grey.save(at('bmp-300dpi.bmp'), dpi=(300, 300))

main()
